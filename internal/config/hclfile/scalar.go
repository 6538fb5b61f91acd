package hclfile

import (
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"concierge/internal/config"
)

// literal is a single value as it was written.
type literal struct {
	text   string
	number bool // written without quotes
}

// complaint is why a value is refused, and what to write instead. The zero
// value is none.
type complaint struct{ reason, hint string }

// setDuration reads a text such as 10s. A bare number is one of nanoseconds:
// that is what consul-template makes of it.
func setDuration(p *time.Duration, l literal) complaint {
	if n, err := strconv.ParseInt(l.text, 10, 64); err == nil {
		if !l.number && n != 0 {
			return complaint{"is a duration without a unit", fmt.Sprintf("write %ss for seconds", l.text)}
		}
		*p = time.Duration(n)
		return complaint{}
	}
	d, err := time.ParseDuration(l.text)
	switch {
	case err != nil:
		return complaint{"is not a duration", "write for example 500ms, 10s, 5m or 24h"}
	case d < 0:
		return complaint{"is negative", "write for example 500ms, 10s, 5m or 24h"}
	}
	*p = d
	return complaint{}
}

// setMode reads permissions. Bits besides read, write and execute are dropped,
// as the system call of Go does that consul-template uses.
func setMode(p *fs.FileMode, l literal) complaint {
	base := 8
	if l.number {
		base = 0
	}
	n, err := strconv.ParseUint(l.text, base, 12)
	if err != nil {
		return complaint{"is not an octal mode", "write for example 0644"}
	}
	*p = fs.FileMode(n) & fs.ModePerm
	return complaint{}
}

func setSignal(p *config.Signal, text string) complaint {
	if text == "" || text == "SIGNULL" {
		*p = 0
		return complaint{}
	}
	sig, ok := config.ParseSignal(text)
	if !ok {
		return complaint{"is not a signal", "write a name such as SIGHUP or SIGTERM"}
	}
	*p = sig
	return complaint{}
}
