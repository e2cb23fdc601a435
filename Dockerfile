# The image of the pipe: an interpreter, the program, and nothing else (docs/decisions/image.md).
# It builds with the classic builder as well as with BuildKit, for every architecture that Debian and
# the dependencies' wheels know.

FROM debian:trixie-slim AS build

# What the image holds of Debian is copied from this stage: it is brought up to date first, and no
# version is pinned, so that a rebuild takes in the security updates. The bill of materials says which
# versions a given image holds.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get upgrade --yes \
    && apt-get install --yes --no-install-recommends binutils ca-certificates python3-venv \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /build
COPY requirements.txt ./
RUN python3 -m venv venv \
    && venv/bin/pip install --no-cache-dir --no-compile --no-deps --only-binary=:all: \
        --require-hashes --target=packages --requirement=requirements.txt \
    && find packages -name '*.so' -exec strip --strip-unneeded {} +

COPY image image
COPY pipe pipe
# With hashes seeded alike every time, the same sources give the same bytecode.
RUN PYTHONHASHSEED=0 python3 -m image.assemble packages pipe root


FROM scratch

ARG REVISION=""
LABEL org.opencontainers.image.title="bitbucket-environment" \
      org.opencontainers.image.description="Keeps the deployment environments of Bitbucket Cloud as declared" \
      org.opencontainers.image.version="1.0.0" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0"

COPY --from=build /build/root /

# No USER: Pipelines maps root inside to nobody outside, and lets only root inside write where
# reports go (docs/decisions/user.md). Every other user works too.

# -I: nothing is imported from the working directory (which is the user's clone) and no PYTHON…
# variable of the user's counts. -u: the log is shown as it is written.
ENTRYPOINT ["/usr/bin/python3", "-I", "-u", "-X", "utf8", "-m", "pipe"]
