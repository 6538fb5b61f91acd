package output

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// Error says which step on which file failed, and what to try. It wraps the
// cause.
type Error struct {
	Op   string // for example "renaming"
	Path string
	Hint string
	Err  error
}

// Error implements error.
func (e *Error) Error() string {
	text := e.Op + " " + e.Path + ": " + e.Err.Error()
	if e.Hint != "" {
		text += " (" + e.Hint + ")"
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

var errTooManyLinks = errors.New("too many levels of symbolic links")

// failed makes an [*Error] of a cause; one that is an [*Error] already stays.
func failed(op, path string, err error) error {
	if own, ok := errors.AsType[*Error](err); ok {
		return own
	}
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err // the path is told once
	} else if l, ok := errors.AsType[*os.LinkError](err); ok {
		err = l.Err
	}
	return &Error{Op: op, Path: path, Hint: advice(err), Err: err}
}

func irregular(path string, mode fs.FileMode) error {
	kind := "not a regular file"
	if mode.IsDir() {
		kind = "a directory"
	}
	return &Error{Op: "writing", Path: path, Err: fmt.Errorf("the destination is %s", kind),
		Hint: "set destination to the path of a file"}
}

func isAbsent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// advice says what helps against a cause.
func advice(err error) string {
	for _, a := range [...]struct {
		cause error
		hint  string
	}{
		{syscall.EROFS, "mount the file system writable, or choose another destination"},
		{syscall.ENOSPC, "free some space; the previous file is untouched"},
		{syscall.EDQUOT, "raise the quota; the previous file is untouched"},
		{syscall.EBUSY, "the file is a mount point: set write: in_place"},
		{syscall.EXDEV, "the file is on another file system: set write: in_place"},
		{syscall.ENOTDIR, "a part of the path is a file: choose another destination"},
		{syscall.ENAMETOOLONG, "choose a shorter file name"},
		{fs.ErrNotExist, "create the directory, or set create_dirs: true"},
		{fs.ErrPermission, "run concierge as a user who may write there and own the file, or change user, group or destination"},
		{errTooManyLinks, "the links form a circle: mend them, or set write: rename"},
	} {
		if errors.Is(err, a.cause) {
			return a.hint
		}
	}
	if strings.HasPrefix(err.Error(), "unknown ") {
		return "create it, or write its number"
	}
	return "see the destination setting"
}
