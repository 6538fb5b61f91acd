package render

import (
	"fmt"
	"strings"

	"concierge/sources"
)

// asker reads the query that a call asks for from its arguments. One without
// a kind says that the call asks for nothing.
type asker func(o *Options, args []string) (sources.Query, error)

// pathAsked is for functions of one path, whose other arguments do not matter
// to the query. An empty path asks for nothing.
func pathAsked(kind sources.Kind) asker {
	return func(o *Options, args []string) (sources.Query, error) {
		if len(args) == 0 || args[0] == "" {
			return sources.Query{}, nil
		}
		return o.query(kind, args[0])
	}
}

// serviceAsked joins the arguments with a bar, so that a second one is the
// filter.
func serviceAsked(kind sources.Kind) asker {
	return func(o *Options, args []string) (sources.Query, error) {
		if len(args) == 0 || args[0] == "" {
			return sources.Query{}, nil
		}
		return o.query(kind, strings.Join(args, "|"))
	}
}

// joinedAsked joins the arguments with nothing between, as consul-template
// does.
func joinedAsked(kind sources.Kind) asker {
	return func(o *Options, args []string) (sources.Query, error) {
		return o.query(kind, strings.Join(args, ""))
	}
}

// optionalAsked takes up to limit arguments, one of them being the most.
func optionalAsked(kind sources.Kind, limit int) asker {
	return func(o *Options, args []string) (sources.Query, error) {
		if len(args) > limit {
			return sources.Query{}, fmt.Errorf("wrong number of arguments, expected at most %d, but got %d", limit, len(args))
		}
		return o.query(kind, strings.Join(args, ""))
	}
}

// rootsAsked ignores its arguments, as consul-template does.
func rootsAsked(o *Options, _ []string) (sources.Query, error) {
	return o.query(sources.CARootList, "")
}

// leafAsked ignores all arguments but the first, as consul-template does.
func leafAsked(o *Options, args []string) (sources.Query, error) {
	if len(args) == 0 || args[0] == "" {
		return sources.Query{}, nil
	}
	return o.query(sources.CALeaf, args[0])
}

// datacentersAsked has its boolean argument as text.
func datacentersAsked(o *Options, args []string) (sources.Query, error) {
	q, err := optionalAsked(sources.DatacenterList, 1)(o, args)
	if len(args) == 1 && args[0] == "true" {
		options := q.Opts()
		options.Params = encoded(sources.ParamReachable, "true")
		q.Options = options.Handle()
	}
	return q, err
}

// query is what a path in the template asks for, if the template may.
func (o *Options) query(kind sources.Kind, path string) (sources.Query, error) {
	q, err := o.Sources.Query(kind, path)
	if err == nil && kind == sources.File && o.Sandbox != "" {
		err = inside(o.Sandbox, q.Path)
	}
	if err != nil {
		return sources.Query{}, err
	}
	return q, nil
}
