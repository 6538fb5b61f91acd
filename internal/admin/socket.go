package admin

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"
	"time"
)

// MaxPath is the longest path of a control socket, in bytes. The kernel allows
// 107 (unix(7)); the rest is for the name that the socket has before it is
// ready.
const MaxPath = 107 - len(stagedDir) - len(stagedSocket)

const (
	stagedDir    = ".new" // added to the path
	stagedSocket = "/s"
	socketMode   = 0o600
	// probeTimeout bounds the wait for whoever listens at the path already.
	probeTimeout = time.Second
)

// ErrInUse says that somebody else listens at the path.
var ErrInUse = errors.New("another process listens there")

// Socket is a unix socket that has its name, and the lock that says so. It is
// not safe for concurrent use.
type Socket struct {
	path     string
	mode     fs.FileMode
	lock     *lock
	listener *net.UnixListener
	own      fs.FileInfo // of the socket's file
}

// Listen makes a control socket at path, with mode 0600. It replaces the socket
// of an instance that was killed. If another instance, or any other program,
// listens there the error is [ErrInUse]; a file that is no socket is never
// touched.
//
// The caller closes the socket, or has [Serve] take it over.
func Listen(path string) (*Socket, error) {
	s, err := listen(path, socketMode)
	if err != nil {
		return nil, fmt.Errorf("making control socket %s: %w", path, err)
	}
	return s, nil
}

func listen(path string, mode fs.FileMode) (*Socket, error) {
	if len(path) > MaxPath {
		return nil, fmt.Errorf("the path has %d bytes, at most %d are possible", len(path), MaxPath)
	}
	l, err := acquire(path + lockSuffix)
	if err != nil {
		return nil, err
	}
	s := &Socket{path: path, mode: mode, lock: l}
	if err = vacant(path); err == nil {
		err = s.bind()
	}
	if err != nil {
		return nil, errors.Join(err, l.release())
	}
	return s, nil
}

// vacant returns nil if path is free or the socket of a program that is gone.
func vacant(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return errors.New("the file there is not a socket, so it is not replaced")
	}
	conn, err := net.DialTimeout("unix", path, probeTimeout)
	switch {
	case err == nil:
		_ = conn.Close() // nothing was said
		return ErrInUse
	case errors.Is(err, syscall.ECONNREFUSED):
		return nil
	case errors.Is(err, syscall.EAGAIN): // its queue is full
		return ErrInUse
	}
	return err
}

// bind listens in a directory that only this user can enter, sets the mode,
// and moves the socket to its path, over a dead one if there is one: it never
// has its name without listening, or with another mode. The lock makes the
// fixed name of that directory safe.
func (s *Socket) bind() (err error) {
	dir := s.path + stagedDir
	staged := dir + stagedSocket
	defer func() { err = errors.Join(err, removeStaged(dir, staged)) }()
	if err := removeStaged(dir, staged); err != nil { // of one that was killed here
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	s.listener, err = net.ListenUnix("unix", &net.UnixAddr{Name: staged, Net: "unix"})
	if err != nil {
		return err
	}
	s.listener.SetUnlinkOnClose(false) // that would be the staged name
	if err = s.publish(staged); err != nil {
		return errors.Join(err, s.listener.Close())
	}
	return nil
}

func (s *Socket) publish(staged string) error {
	if err := os.Chmod(staged, s.mode); err != nil {
		return err
	}
	var err error
	if s.own, err = os.Lstat(staged); err != nil {
		return err
	}
	return os.Rename(staged, s.path)
}

func removeStaged(dir, staged string) error {
	return errors.Join(removeIfThere(staged), removeIfThere(dir))
}

func removeIfThere(path string) error {
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Path is where the socket is.
func (s *Socket) Path() string { return s.path }

// Close stops listening and removes the socket, unless its path was taken by
// somebody else meanwhile.
func (s *Socket) Close() error {
	var errs []error
	if now, err := os.Lstat(s.path); err == nil && os.SameFile(now, s.own) {
		errs = append(errs, removeIfThere(s.path))
	}
	if err := s.listener.Close(); !errors.Is(err, net.ErrClosed) { // its server closed it
		errs = append(errs, err)
	}
	errs = append(errs, s.lock.release())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("closing socket %s: %w", s.path, err)
	}
	return nil
}
