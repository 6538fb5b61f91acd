package file

import (
	"fmt"

	"concierge/sources"
)

// invalidError is a reason why the store can never hold a key or value. It
// matches [sources.ErrInvalid] without repeating its words.
type invalidError struct{ reason string }

func invalidf(format string, args ...any) error {
	return &invalidError{fmt.Sprintf(format, args...)}
}

// Error implements error.
func (e *invalidError) Error() string { return e.reason }

// Is implements the matching of [errors.Is].
func (e *invalidError) Is(target error) bool { return target == sources.ErrInvalid }
