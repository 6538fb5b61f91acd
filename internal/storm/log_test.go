package storm

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"testing"
)

// What concierge says.
const (
	sayApplied   = "applied"
	sayRefused   = "change was not applied, the previous version stays"
	sayNotPut    = "output was not put in place, it will be tried again"
	sayUndone    = "change was rolled back, and is not tried again until it changes"
	sayToldAgain = "not healthy after the roll-back, everybody is told once more"
	sayKnownBad  = "this version was rolled back before, the one before it stays until it changes"
)

// log is what concierge and the server print.
type log struct {
	mu       sync.Mutex
	rest     []byte   // guarded by mu; a line that has not ended
	messages []string // guarded by mu; of concierge, in order
	last     []string // guarded by mu; lines, also of the server
}

const tailLines = 200

// Write implements io.Writer.
func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, p...)
	for {
		line, rest, ok := bytes.Cut(l.rest, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		l.rest = rest
		l.add(string(line))
	}
}

func (l *log) add(line string) {
	l.last = append(l.last, line)
	l.last = l.last[max(0, len(l.last)-tailLines):]
	var entry struct {
		Message string `json:"msg"`
	}
	if json.Unmarshal([]byte(line), &entry) == nil && entry.Message != "" {
		l.messages = append(l.messages, entry.Message)
	}
}

// tail is what was printed last.
func (l *log) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.last, "\n")
}

// mark is a place in the log: what comes after it is new.
func (l *log) mark() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.messages)
}

// since counts messages after a mark.
func (l *log) since(mark int, messages ...string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, said := range l.messages[mark:] {
		for _, m := range messages {
			if said == m {
				n++
			}
		}
	}
	return n
}

// await waits until one of the messages comes after a mark.
func (l *log) await(t *testing.T, mark int, messages ...string) {
	t.Helper()
	if !until(longest, func() bool { return l.since(mark, messages...) > 0 }) {
		t.Fatalf("concierge never said %q", messages)
	}
}
