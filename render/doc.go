// Package render turns templates and a lookup into bytes. It speaks Go's
// text/template with consul-template's functions, and sprig's.
//
// A template is compiled once by [Parse] and executed as often as its data
// changes. An execution is pure: all it reads comes from its [Lookup], the
// environment given at the start and the clock, but for what the functions
// plugin, which runs a program, and sockaddr, which looks at the network of
// this machine, are asked to read. What an execution asked for, what was
// missing and what files it wants written is part of the [Result], so the
// caller can fetch the missing things and execute again.
//
// Two rules differ from consul-template on purpose. An execution error while
// data is missing is provisional, so templates need no guards for their first
// pass; and an absent secret or local file makes a template wait instead of
// failing.
//
// Package funcs holds the functions that need no store, package output writes
// results to files.
package render
