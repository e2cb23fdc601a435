# The pipe's image: an interpreter, the program, and nothing else (docs/decisions/image.md).
# It builds with the classic builder and with BuildKit, on every architecture that Debian and the wheels of
# the dependencies support.

# A release pins it by digest (.ci/images.lock), so there is no tag here to pin.
ARG BASE_IMAGE=debian:trixie-slim
# hadolint ignore=DL3006
FROM ${BASE_IMAGE} AS build

# The image's Debian files are copied from this stage. It is upgraded first, and no version is pinned, so that
# a rebuild includes the security updates. The bill of materials lists the versions in an image.
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
# A fixed hash seed makes the same sources give the same bytecode; without column positions it is 1.2 MB
# smaller (compressed).
RUN PYTHONHASHSEED=0 PYTHONNODEBUGRANGES=1 python3 -m image.assemble packages pipe root


FROM scratch

ARG REVISION=""
LABEL org.opencontainers.image.title="bitbucket-environment" \
      org.opencontainers.image.description="Manage Bitbucket deployment environments as code" \
      org.opencontainers.image.version="1.0.0" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0"

COPY --from=build /build/root /

# No USER: Pipelines maps root inside to an unprivileged user outside, and only root inside can write where
# reports go (docs/decisions/user.md). Any other user works too.

# -I: import nothing from the working directory (the user's clone) and ignore PYTHON… variables.
# -u: show the log as it is written.
ENTRYPOINT ["/usr/bin/python3", "-I", "-u", "-X", "utf8", "-m", "pipe"]
