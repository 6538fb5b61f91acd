package endpoint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// File reads a file, as one that an application or a timer writes now and then.
type File struct{ Path string }

// Read implements [Reader].
func (f File) Read(ctx context.Context, body *Body) (contentType string, err error) {
	// A pipe in the place of the file must not hold up who opens it.
	file, err := os.OpenFile(f.Path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return "", fmt.Errorf("reading metrics: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", fmt.Errorf("reading metrics: %w", err)
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("reading metrics from %s: it is no regular file", f.Path)
	}
	body.Expect(int(min(info.Size(), 1<<30)))
	if _, err := body.ReadFrom(until{ctx, file}); err != nil {
		return "", fmt.Errorf("reading metrics from %s: %w", f.Path, err)
	}
	return "", nil
}

// String implements [Reader].
func (f File) String() string { return f.Path }

// until reads as long as ctx lasts.
type until struct {
	ctx context.Context
	io.Reader
}

func (u until) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, errors.Join(err)
	}
	return u.Reader.Read(p)
}
