package register

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"concierge/cluster"
)

// Sessions gives the session that the instance is announced with. It blocks
// until there is one that is not lost, or ctx ends, which is its only error.
type Sessions interface {
	Session(ctx context.Context) (cluster.Session, error)
}

// RecordConfig says what is announced in which store. All but Log is needed.
type RecordConfig struct {
	Store    cluster.Store
	Sessions Sessions
	Service  Service
	Health   Health
	Log      *slog.Logger // default none
}

// Entry is the record as it is in the store. Any program may read it.
type Entry struct {
	ID          string            `json:"id"` // of the instance
	Name        string            `json:"name"`
	Incarnation string            `json:"incarnation"`
	Node        string            `json:"node,omitempty"`
	Address     string            `json:"address"`
	Port        int               `json:"port,omitempty"`
	Tags        []string          `json:"tags,omitempty"`
	Meta        map[string]string `json:"meta,omitempty"`
	Health      State             `json:"health"`
	Note        string            `json:"note,omitempty"`
}

// Key is where the record of an instance is, below the namespace of the cluster.
func Key(service, instance string) string {
	return "services/" + cluster.Segment(service) + "/" + cluster.Segment(instance)
}

// Record keeps the record of an instance in the store, owned by its session.
// Its methods may be called concurrently.
type Record struct {
	*registrar
	cfg RecordConfig
	key string
}

// NewRecord returns one that writes nothing before [Record.Run].
func NewRecord(cfg RecordConfig) (*Record, error) {
	if err := cfg.Service.check(); err != nil {
		return nil, err
	}
	if cfg.Store == nil || cfg.Sessions == nil || cfg.Health == nil {
		return nil, errors.New("registering a service in the store: a store, sessions and the health are needed (set cluster.store)")
	}
	return &Record{registrar: newRegistrar(cfg.Log, cfg.Service), cfg: cfg, key: Key(cfg.Service.Name, cfg.Service.Instance)}, nil
}

// Run keeps the record in the store until ctx ends, with one session after the
// other. Then it deletes the record, which may take 5 s if the store is silent.
func (r *Record) Run(ctx context.Context) {
	for {
		o, err := r.cfg.Sessions.Session(ctx)
		if err != nil {
			r.note(errNotYet)
			return
		}
		newTenure(r, o).run(ctx)
		if ctx.Err() != nil {
			r.note(errNotYet)
			return
		}
		r.note(fmt.Errorf("keeping the record of %s: %w (it is written again when the instance is announced anew)", r.cfg.Service.ID(), cluster.ErrLost))
	}
}

// value is the record as it should be now.
func (r *Record) value() ([]byte, error) {
	s := r.cfg.Service
	state, note := r.cfg.Health.now()
	value, err := json.Marshal(Entry{
		ID: s.Instance, Name: s.Name, Incarnation: s.Incarnation, Node: s.Node, Address: s.Address, Port: s.Port,
		Tags: s.Tags, Meta: s.Meta, Health: state, Note: note,
	})
	if err != nil {
		return nil, fmt.Errorf("writing down the record of %s: %w", s.ID(), err)
	}
	return value, nil
}

// as reports whether the store has exactly this.
func as(e cluster.Entry, value []byte) bool { return e.Owned && bytes.Equal(e.Value, value) }

// lookAgain is how often the health is compared with the record without a nudge.
const lookAgain = 5 * time.Second
