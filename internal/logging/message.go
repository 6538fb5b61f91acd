package logging

import (
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/leodido/go-syslog/v4/rfc5424"

	"concierge/internal/config"
)

// maxText is the longest text of a message, in bytes: with its header it stays
// below 8 KiB, what log daemons accept unless told otherwise, and far below
// the largest datagram.
const maxText = 8000

// Severities of RFC 5424 section 6.2.1.
const (
	severityError   = 3
	severityWarning = 4
	severityNotice  = 5
	severityInfo    = 6
)

// severityOf maps levels as consul-template does: what is worth a notice is
// told at level info, so debugging is what syslog calls info.
func severityOf(level slog.Level) int {
	switch {
	case level >= slog.LevelError:
		return severityError
	case level >= slog.LevelWarn:
		return severityWarning
	case level >= slog.LevelInfo:
		return severityNotice
	}
	return severityInfo
}

// facilities are the names of RFC 5424's table 1 as syslog(3) has them.
func facilities() map[string]int {
	names := strings.Fields("KERN USER MAIL DAEMON AUTH SYSLOG LPR NEWS UUCP CRON AUTHPRIV FTP")
	all := make(map[string]int)
	for code, name := range names {
		all[name] = code
	}
	for n := range 8 {
		all["LOCAL"+strconv.Itoa(n)] = 16 + n
	}
	return all
}

// header is what stands before the text of a message.
type header struct {
	modern   bool // RFC 5424, else RFC 3164
	facility int
	host     string // empty for the local system, which knows itself
	tag      string
	pid      int
}

func newHeader(cfg config.Syslog, local bool) header {
	h := header{
		modern: cfg.Format == "rfc5424", facility: facilities()[strings.ToUpper(cfg.Facility)], tag: cfg.Tag, pid: os.Getpid(),
	}
	if !local || h.modern {
		h.host, _ = os.Hostname()
		h.host = strings.ReplaceAll(h.host, " ", "-")
	}
	if !local && h.host == "" {
		h.host = "localhost"
	}
	return h
}

// message makes one message, without the framing of a stream.
func (h header) message(at time.Time, severity int, text string) []byte {
	text = clip(text)
	priority := h.facility<<3 | severity
	if h.modern {
		return h.message5424(at, priority, text)
	}
	// No library of those that are kept writes RFC 3164 without connecting by
	// itself, too. Its time has neither year nor zone and is local.
	host := h.host
	if host != "" {
		host += " "
	}
	return fmt.Appendf(nil, "<%d>%s %s%s[%d]: %s", priority, at.Local().Format(time.Stamp), host, h.tag, h.pid, text)
}

func (h header) message5424(at time.Time, priority int, text string) []byte {
	m := new(rfc5424.SyslogMessage)
	m.SetPriority(uint8(priority))
	m.SetVersion(1)
	m.SetTimestamp(at.Format(rfc5424.RFC3339MICRO))
	m.SetHostname(h.host)
	m.SetAppname(h.tag)
	m.SetProcID(strconv.Itoa(h.pid))
	m.SetMessage(text)
	s, err := m.String()
	if err != nil { // only a priority or version that does not exist
		return nil
	}
	return []byte(s)
}

// clip shortens text to maxText and says so.
func clip(text string) string {
	const mark = "… (cut)"
	if len(text) <= maxText {
		return text
	}
	end := maxText - len(mark)
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + mark
}

// missed is the message about lost messages.
func (h header) missed(n int) []byte {
	return h.message(time.Now(), severityWarning, fmt.Sprintf("msg=%q missed=%d", "messages were lost", n))
}
