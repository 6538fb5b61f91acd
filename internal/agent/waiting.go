package agent

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"concierge/render"
)

// explainAfter is how long a template may wait for data before the log says
// what it waits for.
const explainAfter = 5 * time.Second

// shownMissing bounds how many keys one log line names.
const shownMissing = 5

// waitFor notes what the unit waits for; nothing ends the wait.
func (u *unit) waitFor(missing []render.Missing, now time.Time) {
	u.missing = missing
	switch {
	case len(missing) == 0:
		u.waitingSince = time.Time{}
	case u.waitingSince.IsZero():
		u.waitingSince, u.explained = now, false
	}
}

// explainAt returns when the next explanation is due.
func (i *instance) explainAt() time.Time {
	var first time.Time
	for _, s := range i.prog.sets {
		for _, u := range s.units {
			if len(u.missing) == 0 || u.explained {
				continue
			}
			if at := u.waitingSince.Add(explainAfter); first.IsZero() || at.Before(first) {
				first = at
			}
		}
	}
	return first
}

// explain logs, once per wait, which keys hold back a unit.
func (i *instance) explain(now time.Time) {
	for _, s := range i.prog.sets {
		for _, u := range s.units {
			if len(u.missing) == 0 || u.explained || now.Sub(u.waitingSince) < explainAfter {
				continue
			}
			u.explained = true
			i.log.Warn("template waits for data", "template", u.label,
				"for", now.Sub(u.waitingSince).Round(time.Second).String(),
				"missing", strings.Join(i.describe(u, shownMissing), "; "))
		}
	}
}

// describe says for each missing key where it is used and why it is missing;
// at most limit keys, if limit is positive.
func (i *instance) describe(u *unit, limit int) []string {
	var lines []string
	for n, m := range u.missing {
		if limit > 0 && n == limit {
			lines = append(lines, fmt.Sprintf("and %d more", len(u.missing)-n))
			break
		}
		where := u.label
		if m.Line > 0 {
			where = fmt.Sprintf("%s:%d:%d", u.label, m.Line, m.Column)
		}
		lines = append(lines, fmt.Sprintf("%s (%s, %s)", m.Query, where, i.reason(m)))
	}
	return lines
}

// reason says why a query has no answer.
func (i *instance) reason(m render.Missing) string {
	if o, refused := i.outages.refused[m.Query]; refused {
		return o.err.Error()
	}
	if o, ok := i.outages.away[m.Query.Source]; ok {
		return "source is away: " + o.err.Error()
	}
	if m.Absent {
		return "does not exist"
	}
	return "not answered yet"
}

// missingError lists every key that is missing, for a render that ran out of
// time. Its exit status tells a missing key from a store that is away or
// refuses.
func (i *instance) missingError() error {
	var lines []string
	for _, s := range i.prog.sets {
		for _, u := range s.units {
			lines = append(lines, i.describe(u, 0)...)
			if u.err != nil {
				lines = append(lines, u.err.Error())
			}
		}
	}
	return errors.New(strings.Join(lines, "\n"))
}
