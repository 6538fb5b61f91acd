package consul

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/hashicorp/consul/api"

	"concierge/sources"
)

// lookup is one question to the catalogue, the health checks or the mesh.
type lookup struct {
	scope
	kind sources.Kind
	path string
	options
}

// options are the parameters of a lookup. Those that do not belong to its kind
// are empty.
type options struct {
	tag, near, filter string
	peer, group       string // whose instances; empty means our own
	reachable         bool
}

// newLookup is the question that answers q.
func newLookup(q sources.Query, defaults scope) (lookup, error) {
	l := lookup{scope: defaults.in(q), kind: q.Kind, path: q.Path}
	if q.Kind < sources.Service || q.Kind > sources.CALeaf {
		return l, fmt.Errorf("asking for %s: consul serves keys, trees and its catalogue only; ask another source", q)
	}
	params, err := url.ParseQuery(q.Opts().Params)
	if err != nil {
		return l, fmt.Errorf("reading the parameters of %s: %w; write them as name=value, joined by &", q, err)
	}
	for name := range params {
		if err := l.set(name, params.Get(name)); err != nil {
			return l, fmt.Errorf("reading the parameters of %s: %w", q, err)
		}
	}
	return l, nil
}

func (o *options) set(name, value string) error {
	switch name {
	case sources.ParamTag:
		o.tag = value
	case sources.ParamNear:
		o.near = value
	case sources.ParamFilter:
		o.filter = value
	case sources.ParamPeer:
		o.peer = value
	case sources.ParamSamenessGroup:
		o.group = value
	case sources.ParamReachable:
		o.reachable = value == "true"
	default:
		return fmt.Errorf("consul has no parameter %q; there are tag, near, filter, peer, sameness-group and reachable", name)
	}
	return nil
}

// String implements [reader].
func (l lookup) String() string {
	if l.path == "" {
		return l.kind.String()
	}
	return l.kind.String() + " " + l.path
}

// read implements [reader]. A list of which Consul hid everything from the token
// is a refusal; one of which it hid a part is an answer: tokens that see only
// their own services are the rule.
func (l lookup) read(ctx context.Context, s *Source, opts *api.QueryOptions, _ answer) (answer, *api.QueryMeta, error) {
	opts.Near, opts.Peer, opts.SamenessGroup = l.near, l.peer, l.group
	a, meta, err := l.ask(ctx, s, opts)
	switch {
	case err != nil:
		return nil, nil, err
	case !a.Exists && meta.ResultsFilteredByACLs:
		return nil, nil, api.StatusError{Code: http.StatusForbidden, Body: "the token may see nothing of it"}
	}
	return a, meta, nil
}

func (l lookup) ask(ctx context.Context, s *Source, opts *api.QueryOptions) (found, *api.QueryMeta, error) {
	switch l.kind {
	case sources.Service, sources.Connect:
		return l.instances(s.api.Health(), opts)
	case sources.ServiceList:
		return serviceNames(s.api.Catalog(), opts)
	case sources.NodeOf:
		return l.node(s.api, opts)
	case sources.NodeList:
		return l.nodes(s.api.Catalog(), opts)
	case sources.DatacenterList:
		return l.datacenters(ctx, s.api, opts)
	case sources.PartitionList:
		return partitions(ctx, s.api.Partitions(), opts)
	case sources.PeeringList:
		return peerings(ctx, s.api.Peerings(), opts)
	case sources.ExportedServiceList:
		return exportedServices(s.api, opts)
	case sources.ImportedServiceList:
		return importedServices(s.api, opts)
	case sources.CARootList:
		return caRoots(s.api.Agent(), opts)
	default:
		return l.caLeaf(s.api.Agent(), opts)
	}
}
