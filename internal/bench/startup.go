package bench

import (
	"context"
	"os"
)

// fewKeys is the small template whose rendering is all start-up.
const fewKeys = 10

// coldStart is the scenario of a process that renders ten keys and ends.
func coldStart(store string) scenario { return scenario{store: store, keys: fewKeys} }

// startUp measures what a process costs before it does anything: the size of
// the binary, the time to print the version, and a template of ten keys.
func (r *run) startUp(ctx context.Context, st store) error {
	s := coldStart(st.name())
	if err := r.fill(ctx, st, s); err != nil {
		return err
	}
	for range r.starts {
		for _, c := range r.of(s) {
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
	for _, c := range r.of(s) {
		info, err := os.Stat(c.binary)
		if err != nil {
			return err
		}
		r.results.at(s, c).add(binarySize, float64(info.Size()))
	}
	return nil
}
