"""Handle a request: the one entry point of the server, the transport and the tests."""

from simulator.api import handler
from simulator.control import api as control
from simulator.faults import apply_fault
from simulator.http import Dropped, Reply, Request, Response
from simulator.simulator import Simulator
from simulator.state.journal import RequestRecord


def handle(sim: Simulator, request: Request) -> Reply:
    """Handle one request with all its effects, and record it unless it is a control call."""
    with sim.lock:
        sim.apply_due_changes()
        if request.path.startswith(control.PREFIX):
            return control.handle(sim, request)
        return _handle_api(sim, request)


def _handle_api(sim: Simulator, request: Request) -> Reply:
    def serve() -> Response:
        return handler.serve(sim, request)

    index, began = len(sim.requests), sim.clock()
    changes = len(sim.events) + len(sim.pending)
    sim.journal.current = index
    fault = sim.faults.take(request)
    reply = serve() if fault is None else apply_fault(fault, serve, began)
    sim.journal.current = None
    sim.requests.append(
        RequestRecord(
            index=index,
            time=began,
            method=request.method,
            path=request.path,
            query=request.query,
            headers=request.headers,
            body=request.body,
            status=None if isinstance(reply, Dropped) else reply.status,
            dropped=reply.how if isinstance(reply, Dropped) else None,
            took_effect=len(sim.events) + len(sim.pending) > changes,
        )
    )
    sim.apply_due_changes()
    sim.notify_observers()
    return reply
