// Package storm proves with a real nginx and a real HAProxy under load what
// concierge promises about changes: bad ones are refused or rolled back, good
// ones lose no request that a plain reload would not lose, and whenever
// concierge is killed, the files are one whole version afterwards and the
// server has been told of it.
//
// It sees the binary from outside. Its short form is part of the tests; the
// long one (make storm) writes its figures into docs/rollback.md.
package storm
