package rollouts

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"time"
)

// What concierge says.
const (
	sayBegins = "the instance has a slot, its change begins"
	sayOver   = "the change is over"
)

const tailLines = 120

// log is what an instance prints. What it says of its changes goes into its
// story.
type log struct {
	story *story

	mu   sync.Mutex
	rest []byte   // guarded by mu; a line that has not ended
	last []string // guarded by mu
}

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
		l.add(line)
	}
}

func (l *log) add(line []byte) {
	l.last = append(l.last, string(line))
	l.last = l.last[max(0, len(l.last)-tailLines):]
	var entry struct {
		Time    time.Time `json:"time"`
		Message string    `json:"msg"`
		Result  string    `json:"result"`
		Running string    `json:"running"`
		To      string    `json:"to"`
	}
	if json.Unmarshal(line, &entry) != nil {
		return
	}
	switch entry.Message {
	case sayBegins:
		l.story.note(event{at: entry.Time, what: admitted, text: entry.To})
	case sayOver:
		l.story.note(event{at: entry.Time, what: over, text: entry.Result + " " + entry.Running})
	}
}

// tail is what was printed last.
func (l *log) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.last, "\n")
}
