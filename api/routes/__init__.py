"""The routes, a module each: a request in, a call through the gate, a body out."""
