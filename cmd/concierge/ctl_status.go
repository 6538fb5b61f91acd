package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"concierge/internal/admin"
)

func ctlStatusCommand() *command {
	return &command{
		name: "ctl status", summary: "Show how the running instance is.",
		details: `
Shows whether it is ready, what its sources' answers are worth, how far each
set of files is, and what its jobs do. No secret is in it.`,
		examples: []example{
			{"inside the container of the instance", "docker exec CONTAINER concierge ctl status"},
			{"which sets are not in place, for scripts", `concierge ctl status --json | jq '.sets[] | select(.state != "applied")'`},
		},
		anywhere: true,
		setup: func(fs *flag.FlagSet) action {
			f := declareCtl(fs)
			asJSON := fs.Bool("json", false, "print everything as one JSON object")
			return f.ask("no arguments", 0, func(ctx context.Context, c call, instance *admin.Client) error {
				s, err := instance.Status(ctx)
				if err != nil {
					return err
				}
				if *asJSON {
					e := json.NewEncoder(c.stdout)
					e.SetIndent("", "  ")
					return e.Encode(s)
				}
				return writeStatus(c.stdout, s, time.Now())
			})
		},
	}
}

// writeStatus prints a status for people.
func writeStatus(w io.Writer, s admin.Status, now time.Time) error {
	tw := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	row := func(cells ...string) {
		for i := range cells {
			cells[i] = plain(cells[i])
		}
		fmt.Fprintln(tw, strings.Join(cells, "\t"))
	}
	row(fmt.Sprintf("concierge %s is %s: PID %d, up %s", s.Version, condition(s), s.PID, ago(s.StartedAt, now)))
	row(fmt.Sprintf("configuration: %s, loaded %s ago", orDash(s.Config.File), ago(s.Config.LoadedAt, now)))
	if e := s.Config.LastError; e != "" {
		row("  the last reload failed, this one stays: " + e)
	}
	if len(s.Sources) > 0 {
		row()
		row("SOURCE", "STATE", "SINCE", "ERROR")
	}
	for _, x := range s.Sources {
		row(x.Name, string(x.State), ago(x.Since, now), orDash(x.Error))
	}
	if len(s.Sets) > 0 {
		row()
		row("SET", "STATE", "APPLIED", "FILES", "ERROR")
	}
	for _, x := range s.Sets {
		row(x.Name, string(x.State), ago(x.AppliedAt, now), strconv.Itoa(len(x.Files)), orDash(trouble(x.Error, x.Missing)))
	}
	if len(s.Jobs) > 0 {
		row()
		row("JOB", "STATE", "PID", "SINCE", "RESTARTS", "LAST", "READY", "ERROR")
	}
	for _, x := range s.Jobs {
		row(x.Name, string(x.State), number(x.PID), ago(x.Since, now), strconv.Itoa(x.Restarts), orDash(x.LastStatus), yesNo(x.Ready), orDash(trouble(x.Error, x.WaitsFor)))
	}
	return tw.Flush()
}

func condition(s admin.Status) string {
	switch {
	case s.Maintenance:
		return "IN MAINTENANCE"
	case s.Ready:
		return "ready"
	}
	return "NOT READY"
}

// ago is the time from t to now, as short as it is still useful.
func ago(t, now time.Time) string {
	if t.IsZero() {
		return "-"
	}
	switch d := max(now.Sub(t), 0); {
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
	default:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	}
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// trouble is what is wrong, or what is waited for.
func trouble(err string, waitsFor []string) string {
	if err == "" && len(waitsFor) > 0 {
		return "waits for " + strings.Join(waitsFor, "; ")
	}
	return err
}

func number(n int) string {
	if n == 0 {
		return "-"
	}
	return strconv.Itoa(n)
}

// plain keeps what stores and programs say from steering the terminal or
// breaking the table.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return ' '
	}, s)
}
