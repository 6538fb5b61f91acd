package consul

import (
	"context"

	"github.com/hashicorp/consul/api"

	"concierge/sources"
)

// tables are what answers of parked lookups are made from.
var tables = [...]string{"checks", "services", "nodes"}

// signal follows the index of one table and rings the bell when it moves.
type signal struct {
	scope
	table string
	bell  *bell
}

// String implements [reader].
func (s signal) String() string { return "the index of all " + s.table }

// read implements [reader].
func (s signal) read(ctx context.Context, source *Source, opts *api.QueryOptions, _ answer) (answer, *api.QueryMeta, error) {
	if err := s.bell.pause(ctx); err != nil {
		return nil, nil, err
	}
	opts.AllowStale = false
	before := opts.WaitIndex
	meta, err := s.ask(source.api, opts)
	if err != nil {
		return nil, nil, err
	}
	if meta.LastIndex != before {
		s.bell.ring()
	}
	return moved(meta.LastIndex), meta, nil
}

func (s signal) ask(client *api.Client, opts *api.QueryOptions) (meta *api.QueryMeta, err error) {
	switch s.table {
	case "checks":
		opts.Filter = `CheckID == ""`
		_, meta, err = client.Health().State(sources.HealthAny, opts)
	case "services":
		opts.Filter = `ServiceName == ""`
		_, meta, err = client.Catalog().Services(opts)
	default:
		opts.Namespace = "" // nodes have none
		opts.Filter = `Node == ""`
		_, meta, err = client.Catalog().Nodes(opts)
	}
	return meta, err
}

// moved is the answer of a signal: where the index is. It serves no queries.
type moved uint64

func (m moved) equal(older answer) bool                      { return m == older }
func (m moved) value(sources.Query) sources.Value            { return sources.Value{} }
func (m moved) touched(_ answer, by *served) []sources.Query { return by.queries }
