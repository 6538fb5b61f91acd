package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// runChild is the whole of a child process: it writes the time of its start
// and of each SIGHUP to a pipe with a name, until it is terminated.
func runChild(pipe string) error {
	hups := make(chan os.Signal, 16)
	signal.Notify(hups, syscall.SIGHUP)
	out, err := os.OpenFile(pipe, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return noteSignals(out, hups)
}

// noteSignals ends when the parent has: it may have died without a word.
func noteSignals(out io.Writer, hups <-chan os.Signal) error {
	parent, look := os.Getppid(), time.NewTicker(time.Second)
	defer look.Stop()
	for told := true; os.Getppid() == parent; {
		if told {
			at := uint64(time.Now().UnixNano())
			if err := binary.Write(out, binary.BigEndian, at); err != nil {
				return err
			}
		}
		select {
		case <-hups:
			told = true
		case <-look.C:
			told = false
		}
	}
	return nil
}

// hearing is the other end of a child's pipe.
type hearing struct{ pipe *os.File }

// pipe is where the child of the job writes.
func (j job) pipe() string { return filepath.Join(j.dir, "pipe") }

// hear makes the pipe. It is open for writing too, so that opening does not
// block and a child that ends is not the end of the pipe.
func hear(j job) (hearing, error) {
	if err := syscall.Mkfifo(j.pipe(), 0o600); err != nil {
		return hearing{}, err
	}
	f, err := os.OpenFile(j.pipe(), os.O_RDWR, 0)
	return hearing{f}, err
}

// next returns the time that the child noted next.
func (h hearing) next(ctx context.Context) (time.Time, error) {
	if at, ok := ctx.Deadline(); ok {
		if err := h.pipe.SetReadDeadline(at); err != nil {
			return time.Time{}, err
		}
	}
	var at uint64
	if err := binary.Read(h.pipe, binary.BigEndian, &at); err != nil {
		return time.Time{}, fmt.Errorf("waiting for a signal to the child: %w", err)
	}
	return time.Unix(0, int64(at)), nil
}

// tellChild measures how long after the file a child is told of a change.
func (r *run) tellChild(ctx context.Context, st store, s scenario, c contender) (err error) {
	j, err := c.newJob(r.dir, st, s)
	if err != nil {
		return err
	}
	h, err := hear(j)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.pipe.Close()) }()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	c.env = append(c.env, inRole(childRole)...)
	c.follow = func(j job) []string { return c.supervise(j, []string{self, j.pipe()}) }
	d, err := startDaemon(ctx, c, j)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.end()) }()
	ctx, cancel := context.WithTimeout(ctx, longestStart)
	defer cancel()
	if _, err := h.next(ctx); err != nil { // the start
		return d.explain(err)
	}
	for range r.changes() {
		seen, err := r.change(ctx, st, d, r.results.at(s, c))
		if err != nil {
			return d.explain(err)
		}
		told, err := h.next(ctx)
		if err != nil {
			return d.explain(err)
		}
		r.results.at(s, c).addTime(signalLag, told.Sub(seen))
	}
	return nil
}
