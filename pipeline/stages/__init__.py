"""One thin module per make target: paths in, pure functions, tables out, manifest last."""
