package logging

import (
	"io"
	"os"
	"sync"
	"time"
)

// spool writes messages to a file, in order, from a goroutine of its own: who
// logs never waits for whoever reads standard error, because the same goroutine
// forwards signals and applies changes. While nobody reads, messages wait in
// the queue, and those that find it full are lost and counted.
type spool struct {
	to   *os.File
	lost func(n int) // reports lost messages to the file itself
	done chan struct{}

	mu     sync.Mutex // guards what follows
	queue  chan []byte
	missed int
	ended  bool // nothing more is queued
	stuck  bool // the file was still not read at the end
}

// startSpool returns a writer to w that never blocks. One that is no file
// never does, and has no spool.
func startSpool(w io.Writer, lost func(n int)) (io.Writer, *spool) {
	f, ok := w.(*os.File)
	if !ok {
		return w, nil
	}
	s := &spool{to: f, lost: lost, done: make(chan struct{}), queue: make(chan []byte, queueLength)}
	go s.run()
	return s, s
}

// Write implements [io.Writer]. It always succeeds.
func (s *spool) Write(message []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.stuck:
		return len(message), nil
	case s.ended:
		return s.to.Write(message)
	}
	select {
	case s.queue <- append([]byte(nil), message...):
	default:
		s.missed++
	}
	return len(message), nil
}

// close writes what waits, for flushTimeout at most. What comes afterwards is
// written at once. Calling it again does nothing.
func (s *spool) close() {
	s.mu.Lock()
	if !s.ended {
		s.ended = true
		close(s.queue)
	}
	s.mu.Unlock()
	late := time.NewTimer(flushTimeout)
	defer late.Stop()
	select {
	case <-s.done:
	case <-late.C:
		s.mu.Lock()
		s.stuck = true
		s.mu.Unlock()
	}
}

func (s *spool) run() {
	defer close(s.done)
	for message := range s.queue {
		_, _ = s.to.Write(message) // there is nobody to tell
		if n := s.forget(); n > 0 {
			s.lost(n)
		}
	}
}

// forget returns how many messages were lost since it was last asked.
func (s *spool) forget() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.missed
	s.missed = 0
	return n
}
