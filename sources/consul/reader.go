package consul

import (
	"context"

	"github.com/hashicorp/consul/api"

	"concierge/sources"
)

// reader is a thing that one poll follows: a range of keys, or one question to
// the catalogue. Readers are comparable; the reader is the identity of its poll.
type reader interface {
	// String names what is read, for errors: "tree app/".
	String() string
	// where is the scope that is read.
	where() scope
	// read asks once. With opts.WaitIndex it is held until the answer changes
	// or opts.WaitTime is over. It may change opts, for example where stale
	// answers are of no use. last is the last answer, or nil. A LastIndex of zero in what it returns says that
	// Consul cannot hold such a request.
	read(ctx context.Context, s *Source, opts *api.QueryOptions, last answer) (answer, *api.QueryMeta, error)
}

// answer is what a reader brought. It is immutable.
type answer interface {
	// equal reports whether no template could tell the difference.
	equal(older answer) bool
	// value is the answer to one of the poll's queries.
	value(q sources.Query) sources.Value
	// touched returns those of the queries whose values may differ from those
	// of the older answer.
	touched(older answer, by *served) []sources.Query
}

// found is an answer that all queries of a poll share.
type found sources.Value

func (a found) value(sources.Query) sources.Value { return sources.Value(a) }

func (a found) equal(older answer) bool {
	b, ok := older.(found)
	return ok && sources.Value(a).Equal(sources.Value(b))
}

func (a found) touched(_ answer, by *served) []sources.Query { return by.queries }

// listing is the answer that holds a list. An empty one does not exist.
func listing[T ~[]E, E any](items T) found {
	if len(items) == 0 {
		return found{}
	}
	return found{Exists: true, Data: items}
}
