// Package process runs programs: it starts them in a group of their own with a
// clean state, waits for them and for orphans without losing a status, signals
// and ends them, and looks after the terminal. It decides nothing: what is
// started when, and what follows an end, is for its callers.
package process
