package logging

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"concierge/internal/config"
)

// startSyslog starts what sends to syslog and returns the handler that feeds
// it. cfg has passed [checkSyslog].
func startSyslog(cfg config.Syslog, level slog.Leveler, log *slog.Logger) (*sender, slog.Handler) {
	at, _ := parseEndpoint(cfg.Address)
	head := newHeader(cfg, at.local())
	s := startSender(at, head, log.With("syslog", at.String()))
	return s, newHandler(head, level, s)
}

func newHandler(head header, level slog.Leveler, s *sender) *syslogHandler {
	out := new(line)
	text := slog.NewTextHandler(&out.buffer, &slog.HandlerOptions{Level: level, ReplaceAttr: withoutLevel})
	return &syslogHandler{text: text, line: out, head: head, sender: s}
}

// checkSyslog names the first setting that cannot be used.
func checkSyslog(cfg config.Syslog) error {
	if _, ok := facilities()[strings.ToUpper(cfg.Facility)]; !ok {
		return fmt.Errorf("log.syslog.facility: there is no facility %q (try DAEMON, USER or LOCAL0 to LOCAL7)", cfg.Facility)
	}
	if cfg.Tag == "" || len(cfg.Tag) > maxTag || strings.ContainsFunc(cfg.Tag, notInTag) {
		return fmt.Errorf("log.syslog.tag: %q cannot be a tag (use 1 to %d printable ASCII characters without space, colon and bracket)",
			cfg.Tag, maxTag)
	}
	_, err := parseEndpoint(cfg.Address)
	return err
}

// maxTag is the longest APP-NAME of RFC 5424.
const maxTag = 48

// notInTag reports whether r would end a tag or is not allowed in one.
func notInTag(r rune) bool { return r <= ' ' || r > '~' || r == ':' || r == '[' || r == ']' }

// line is where a record becomes text, one at a time.
type line struct {
	mu     sync.Mutex
	buffer bytes.Buffer // guarded by mu
}

// syslogHandler turns records into messages. The derived handlers of one share
// its line.
type syslogHandler struct {
	text   slog.Handler // writes to line
	line   *line
	head   header
	sender *sender
}

// Enabled implements [slog.Handler].
func (h *syslogHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.text.Enabled(ctx, level)
}

// Handle implements [slog.Handler]. It never blocks on the log daemon.
func (h *syslogHandler) Handle(ctx context.Context, r slog.Record) error {
	at, level := r.Time, r.Level
	r.Time = time.Time{} // the message has it in its header
	h.line.mu.Lock()
	defer h.line.mu.Unlock()
	h.line.buffer.Reset()
	if err := h.text.Handle(ctx, r); err != nil {
		return err
	}
	h.sender.enqueue(h.head.message(at, severityOf(level), strings.TrimSuffix(h.line.buffer.String(), "\n")))
	return nil
}

// WithAttrs implements [slog.Handler].
func (h *syslogHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	derived := *h
	derived.text = h.text.WithAttrs(attrs)
	return &derived
}

// WithGroup implements [slog.Handler].
func (h *syslogHandler) WithGroup(name string) slog.Handler {
	derived := *h
	derived.text = h.text.WithGroup(name)
	return &derived
}

// withoutLevel drops the record's own level: syslog has a severity for it.
func withoutLevel(groups []string, a slog.Attr) slog.Attr {
	if _, ok := a.Value.Any().(slog.Level); ok && len(groups) == 0 && a.Key == slog.LevelKey {
		return slog.Attr{}
	}
	return a
}
