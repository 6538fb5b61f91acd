package bench

import "context"

// limits renders the most keys under Consul's default limits, and counts what
// Consul refuses.
func (r *run) limits(ctx context.Context, st consulStore) error {
	between, err := newRelay(st.addr)
	if err != nil {
		return err
	}
	defer between.close()
	if err := r.descriptors(ctx, st, consulStore{between.address()}); err != nil {
		return err
	}
	s := scenario{store: st.name(), keys: r.largest()}
	r.results.at(s, r.contenders[0]).add(onceRefused, float64(between.refused.Load()))
	return nil
}

// descriptors counts those that concierge has open while it renders the most
// keys. The store may be reached by another address than the one it is filled
// by.
func (r *run) descriptors(ctx context.Context, filled, reached store) error {
	s, own := scenario{store: reached.name(), keys: r.largest()}, r.contenders[0]
	if err := r.fill(ctx, filled, s); err != nil {
		return err
	}
	for range r.minOnce {
		took, err := r.onceAs(ctx, countingRole, reached, s, own)
		if err != nil {
			return err
		}
		r.results.at(s, own).add(onceDescriptors, float64(took.Descriptors))
	}
	return nil
}
