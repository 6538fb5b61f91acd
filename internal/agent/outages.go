package agent

import (
	"log/slog"
	"maps"
	"time"

	"concierge/sources"
)

// outages knows which sources are away and which queries are refused, and
// says so once per outage.
type outages struct {
	log     *slog.Logger
	away    map[string]outage
	refused map[sources.Query]outage
	heard   map[string]bool // sources that have answered
}

// outage is why and since when there are no answers.
type outage struct {
	err   error
	since time.Time
}

func newOutages(log *slog.Logger) outages {
	return outages{log: log, heard: make(map[string]bool), away: make(map[string]outage), refused: make(map[sources.Query]outage)}
}

// hold reports whether the answer to q is held back by an outage or a refusal.
func (o *outages) hold(q sources.Query) bool {
	_, away := o.away[q.Source]
	_, refused := o.refused[q]
	return away || refused
}

// note takes what a batch says of the state of its source.
func (o *outages) note(u sources.Update) {
	was, away := o.away[u.Source]
	o.heard[u.Source] = o.heard[u.Source] || u.Err == nil
	switch {
	case u.Err != nil && (!away || was.err.Error() != u.Err.Error()):
		if !away {
			was.since = time.Now()
		}
		o.away[u.Source] = outage{err: u.Err, since: was.since}
		o.log.Warn("source is away, outputs stay as they are", "source", u.Source, "error", u.Err)
	case u.Err == nil && away:
		delete(o.away, u.Source)
		o.log.Info("source is back", "source", u.Source, "after", time.Since(was.since).Round(time.Millisecond).String())
	}
	for q := range u.Values {
		delete(o.refused, q)
	}
	o.noteRefused(u.Failed)
}

// noteRefused logs the first of the refusals that are news, and how many there
// are: one line for a token that may not read a thousand keys.
func (o *outages) noteRefused(failed map[sources.Query]error) {
	var first sources.Query
	news := 0
	for q, err := range failed {
		old, again := o.refused[q]
		if !again {
			old.since = time.Now()
		}
		if !again || old.err.Error() != err.Error() {
			news++
			if first == (sources.Query{}) || q.Path < first.Path {
				first = q
			}
		}
		o.refused[q] = outage{err, old.since}
	}
	if news > 0 {
		o.log.Error("source refuses to answer, outputs stay as they are",
			"query", first.String(), "error", failed[first], "queries", news)
	}
}

// only forgets all sources but the named ones.
func (o *outages) only(names map[string]bool) {
	maps.DeleteFunc(o.heard, func(name string, _ bool) bool { return !names[name] })
	maps.DeleteFunc(o.away, func(name string, _ outage) bool { return !names[name] })
	maps.DeleteFunc(o.refused, func(q sources.Query, _ outage) bool { return !names[q.Source] })
}
