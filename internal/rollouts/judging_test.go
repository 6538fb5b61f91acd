package rollouts

import (
	"slices"
	"testing"
	"time"
)

// tale makes a story; the events are a second apart.
func tale(name string, from time.Time, events ...event) *story {
	s := &story{name: name}
	for n, e := range events {
		e.at = from.Add(time.Duration(n) * time.Second)
		s.note(e)
	}
	return s
}

func TestJudgeSeesWhatIsNotAllowed(t *testing.T) {
	start := []event{{what: started}, {what: renamed, text: "good-1"}, {what: over}}
	for name, c := range map[string]struct {
		events         []event
		strange, spans int
		fenced         bool
	}{
		"a start needs no slot":                  {},
		"a change with a slot":                   {events: []event{{what: admitted}, {what: renamed, text: "good-2"}, {what: over}}, spans: 1},
		"a change without one":                   {events: []event{{what: renamed, text: "good-2"}}, strange: 1},
		"a change after the slot was taken away": {events: []event{{what: admitted}, {what: reclaimed}, {what: renamed, text: "good-2"}}, strange: 1},
		"the way back of one that was fenced": {
			events: []event{{what: admitted}, {what: renamed, text: "bad-2"}, {what: reclaimed}, {what: renamed, text: "good-1"}}, spans: 1, fenced: true,
		},
		"a death amid a change is one until the slot is gone": {
			events: []event{{what: admitted}, {what: renamed, text: "good-2"}, {what: killed}, {what: started}, {what: reclaimed}}, spans: 1, fenced: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := read(tale("web", time.Unix(0, 0), slices.Concat(start, c.events)...))
			if len(r.strange) != c.strange || len(r.spans) != c.spans {
				t.Errorf("found %q and the changes %v", r.strange, r.spans)
			}
			if c.spans > 0 && r.spans[0].fenced != c.fenced {
				t.Errorf("fenced is %t", r.spans[0].fenced)
			}
		})
	}
}

func TestCrowdCountsWhatIsAtOnce(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	spans := []span{{name: "a", from: at(0), to: at(4)}, {name: "b", from: at(1), to: at(3)}, {name: "c", from: at(3), to: at(5)}}
	if most, when, who := crowd(spans); most != 2 || !when.Equal(at(1)) || len(who) != 2 {
		t.Errorf("%d at %s: %v", most, when, who)
	}
}
