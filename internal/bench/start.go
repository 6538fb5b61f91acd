package bench

import (
	"context"
	"os"
)

// fewKeys is the small template whose rendering is all start-up.
const fewKeys = 10

// coldStart is the scenario of a process that renders ten keys and ends.
func coldStart(st store) scenario { return scenario{store: st.name(), keys: fewKeys} }

// starts measures what a process costs before it does anything: the size of
// the binary, the time to print the version, and a template of ten keys.
func (r *run) starts(ctx context.Context, st store) error {
	r.say("start-up")
	if err := st.fill(ctx, fewKeys); err != nil {
		return err
	}
	s := coldStart(st)
	for range r.maxOnce {
		for _, c := range r.of(st) {
			took, err := once(ctx, c.binary, c.version...)
			if err != nil {
				return err
			}
			r.results.at(s, c).addTime(startTime, took.Elapsed)
			if err := r.once(ctx, st, s, c); err != nil {
				return err
			}
		}
	}
	for _, c := range r.of(st) {
		info, err := os.Stat(c.binary)
		if err != nil {
			return err
		}
		r.results.at(s, c).add(binarySize, float64(info.Size()))
	}
	return nil
}
