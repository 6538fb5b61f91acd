package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"strings"
	"time"

	"concierge/internal/admin"
)

func ctlEventsCommand() *command {
	return &command{
		name: "ctl events", summary: "Show what happened lately, and what happens.",
		details: `
Shows the last 256 messages of the instance from level info, whatever its log
level is; fewer if they are large.`,
		examples: []example{
			{"what happened", "concierge ctl events"},
			{"what happens, one JSON object a line", "concierge ctl events --follow --json"},
		},
		anywhere: true,
		setup: func(fs *flag.FlagSet) action {
			f := declareCtl(fs)
			follow := fs.Bool("follow", false, "go on with new ones until the instance ends or INT or TERM comes")
			asJSON := fs.Bool("json", false, "print one JSON object a line")
			return f.follow("no arguments", 0, func(ctx context.Context, c call, instance *admin.Client) error {
				if !*follow {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, f.timeout)
					defer cancel()
				}
				err := instance.Events(ctx, *follow, func(line []byte) error { return writeEvent(c, line, *asJSON) })
				if *follow && errors.Is(err, context.Canceled) {
					return nil // as it was meant to end
				}
				return err
			})
		},
	}
}

// writeEvent prints one event.
func writeEvent(c call, line []byte, asJSON bool) error {
	text := string(line)
	if !asJSON {
		text = plain(eventText(line))
	}
	_, err := fmt.Fprintln(c.stdout, text)
	return err
}

// eventText makes a line for people of an event: time, level, message, and its
// other fields in their order. What is no event is shown as it is.
func eventText(line []byte) string {
	var head struct {
		Time  time.Time
		Level string
		Msg   string
	}
	if err := json.Unmarshal(line, &head); err != nil {
		return string(line)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %-5s %s", head.Time.Local().Format(time.DateTime), head.Level, head.Msg)
	d := json.NewDecoder(bytes.NewReader(line))
	_, _ = d.Token() // the brace; the whole was decoded already
	for d.More() {
		key, _ := d.Token()
		var value json.RawMessage
		if d.Decode(&value) != nil {
			break
		}
		if key != "time" && key != "level" && key != "msg" {
			fmt.Fprintf(&b, " %v=%s", key, value)
		}
	}
	return b.String()
}
