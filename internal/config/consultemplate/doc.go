// Package consultemplate reads what consul-template 0.41 reads: its files, flags
// and environment variables, and makes of them one complete configuration of
// concierge that does the same.
//
// Settings are laid over each other in consul-template's order: environment
// variables are defaults; then the files, left to right; then
// CT_LOCAL_CONFIG; then the flags.
//
// Some things are done on purpose otherwise: what consul-template accepts but
// ignores is honoured (once in a file, exec.enabled, wait.enabled, retry of
// nomad), errors name the place and the nearest known name, and a store that
// is away is asked for ever unless a number of attempts is written.
package consultemplate
