// Package exit is the one table of concierge's exit statuses. 11 to 15 mean
// what they mean in consul-template.
package exit

import "errors"

// Exit statuses. A supervised process that ran passes its own status on
// instead (128+n when signal n ended it).
const (
	OK            = 0
	Differs       = 1
	Internal      = 11
	Interrupted   = 12
	Usage         = 13
	Failed        = 14
	Config        = 15
	Missing       = 16
	Store         = 17
	NotExecutable = 126
	NotFound      = 127
)

// table explains every status, in the order of the numbers.
var table = []Row{
	{OK, "Everything asked for was done."},
	{Differs, "render --check or --diff: an output would change. kv get: there is no such key. health: the instance is not well, or nobody answers."},
	{Internal, "A defect in concierge itself."},
	{Interrupted, "Stopped by a signal before the work was done."},
	{Usage, "Unknown command or flag, wrong arguments, a key that a store cannot have, or ctl: an unknown job."},
	{Failed, "A template failed, a check or a guard refused its output, or an output could not be written. ctl: the instance could not do it."},
	{Config, "The configuration (file, variable or flag of a setting) or a template in it is not valid."},
	{Missing, "The deadline passed while data was missing; every missing key is listed."},
	{Store, "A store was unreachable or refused the credentials. ctl: no instance answered, or it refused this user."},
	{NotExecutable, "The process could not be executed (permission, format)."},
	{NotFound, "The process's program was not found."},
}

// Row is one line of the table.
type Row struct {
	Code    int
	Meaning string
}

// Table returns the table.
func Table() []Row { return append([]Row(nil), table...) }

// Error is an error that knows its exit status.
type Error struct {
	Code int
	Err  error
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// With gives err an exit status; nil stays nil.
func With(code int, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Code: code, Err: err}
}

// Code returns the status of err: that of the first [Error] in its tree,
// [OK] for nil, else [Internal].
func Code(err error) int {
	if err == nil {
		return OK
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return Internal
}
