package admin

import (
	"log/slog"
	"sync"
)

// What is kept of the past.
const (
	keptEvents = 256
	keptBytes  = 1 << 20
)

// Events keeps the last 256 events of an instance, or fewer if they have more
// than a mebibyte together. An event is a line of JSON with time, level and msg
// first. It is safe for concurrent use and never waits for a reader.
type Events struct {
	mu    sync.Mutex
	lines [][]byte      // guarded by mu
	bytes int           // in lines; guarded by mu
	next  uint64        // number of the next event; guarded by mu
	more  chan struct{} // closed by the next event; guarded by mu
}

// NewEvents returns an empty store.
func NewEvents() *Events { return &Events{more: make(chan struct{})} }

// Handler makes events of what is logged, from level info.
func (e *Events) Handler() slog.Handler {
	return slog.NewJSONHandler(e, &slog.HandlerOptions{Level: slog.LevelInfo})
}

// Write adds one event, a line of JSON. It cannot fail.
func (e *Events) Write(line []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lines = append(e.lines, append([]byte(nil), line...))
	e.bytes += len(line)
	e.next++
	drop := 0
	for kept := len(e.lines); kept > keptEvents || kept > 1 && e.bytes > keptBytes; kept-- {
		e.bytes -= len(e.lines[drop])
		e.lines[drop] = nil
		drop++
	}
	e.lines = e.lines[drop:]
	close(e.more)
	e.more = make(chan struct{})
	return len(line), nil
}

// since returns the kept events from number n on, the number of the one after
// them, and a channel that is closed when that comes.
func (e *Events) since(n uint64) (lines [][]byte, next uint64, more <-chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	first := e.next - uint64(len(e.lines))
	lines = append(lines, e.lines[max(n, first)-first:]...)
	return lines, e.next, e.more
}
