package consul

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/consul/api"

	"concierge/sources"
)

// reachTimeout bounds the probe of one data centre.
const reachTimeout = 10 * time.Second

func serviceNames(catalog *api.Catalog, opts *api.QueryOptions) (found, *api.QueryMeta, error) {
	all, meta, err := catalog.Services(opts)
	if err != nil {
		return found{}, nil, err
	}
	services := make(sources.CatalogServices, 0, len(all))
	for name, given := range all {
		services = append(services, &sources.CatalogSnippet{Name: name, Tags: tags(given)})
	}
	slices.SortFunc(services, func(a, b *sources.CatalogSnippet) int { return strings.Compare(a.Name, b.Name) })
	return listing(services), meta, nil
}

// node reads one node and its services. A node that does not exist is an answer
// whose Node is nil, as templates know it.
func (l lookup) node(client *api.Client, opts *api.QueryOptions) (found, *api.QueryMeta, error) {
	name := l.path
	if name == "" {
		var err error
		if name, err = ownNode(client, opts); err != nil {
			return found{}, nil, err
		}
	}
	n, meta, err := client.Catalog().Node(name, opts)
	switch {
	case err != nil:
		return found{}, nil, err
	case n != nil && n.Node != nil:
		return found{Exists: true, Data: &sources.CatalogNode{Node: node(n.Node), Services: servicesOf(n)}}, meta, nil
	case meta.ResultsFilteredByACLs:
		return found{}, meta, nil
	}
	return found{Exists: true, Data: &sources.CatalogNode{}}, meta, nil
}

// ownNode is the name of the node whose agent is asked.
func ownNode(client *api.Client, opts *api.QueryOptions) (string, error) {
	var self struct{ Config struct{ NodeName string } }
	plain := (&api.QueryOptions{Token: opts.Token}).WithContext(opts.Context())
	if _, err := client.Raw().Query("/v1/agent/self", &self, plain); err != nil {
		return "", err
	}
	if self.Config.NodeName == "" {
		return "", errors.New("the agent does not tell the name of its node")
	}
	return self.Config.NodeName, nil
}

func servicesOf(n *api.CatalogNode) []*sources.CatalogNodeService {
	services := make([]*sources.CatalogNodeService, 0, len(n.Services))
	for _, s := range n.Services {
		services = append(services, &sources.CatalogNodeService{
			ID:                s.ID,
			Service:           s.Service,
			Tags:              tags(s.Tags),
			Meta:              s.Meta,
			Port:              s.Port,
			Address:           s.Address,
			EnableTagOverride: s.EnableTagOverride,
		})
	}
	slices.SortFunc(services, func(a, b *sources.CatalogNodeService) int {
		return cmp.Or(strings.Compare(a.Service, b.Service), strings.Compare(a.ID, b.ID))
	})
	return services
}

func (l lookup) nodes(catalog *api.Catalog, opts *api.QueryOptions) (found, *api.QueryMeta, error) {
	all, meta, err := catalog.Nodes(opts)
	if err != nil {
		return found{}, nil, err
	}
	nodes := make(sources.Nodes, len(all))
	for i, n := range all {
		nodes[i] = node(n)
	}
	if l.near == "" {
		slices.SortStableFunc(nodes, func(a, b *sources.Node) int {
			return cmp.Or(strings.Compare(a.Node, b.Node), strings.Compare(a.Address, b.Address))
		})
	}
	return listing(nodes), meta, nil
}

func node(n *api.Node) *sources.Node {
	return &sources.Node{
		ID:              n.ID,
		Node:            n.Node,
		Address:         n.Address,
		Datacenter:      n.Datacenter,
		TaggedAddresses: n.TaggedAddresses,
		Meta:            n.Meta,
	}
}

// datacenters reads the names of all data centres, which Consul cannot hold.
func (l lookup) datacenters(ctx context.Context, client *api.Client, opts *api.QueryOptions) (found, *api.QueryMeta, error) {
	plain := (&api.QueryOptions{Token: opts.Token}).WithContext(ctx)
	var names sources.Names
	meta, err := client.Raw().Query("/v1/catalog/datacenters", &names, plain)
	if err != nil {
		return found{}, nil, err
	}
	if l.reachable {
		names = reachable(ctx, client.Catalog(), names, plain)
		if err := ctx.Err(); err != nil {
			return found{}, nil, err
		}
	}
	slices.Sort(names)
	return listing(names), unheld(meta, opts), nil
}

// reachable leaves out the data centres that do not answer.
func reachable(ctx context.Context, catalog *api.Catalog, names sources.Names, opts *api.QueryOptions) sources.Names {
	answers := make([]bool, len(names))
	var probes sync.WaitGroup
	for i, name := range names {
		probes.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, reachTimeout)
			defer cancel()
			probe := *opts
			probe.Datacenter, probe.RequireConsistent = name, true
			_, _, err := catalog.Services(probe.WithContext(ctx))
			answers[i] = err == nil
		})
	}
	probes.Wait()
	var there sources.Names
	for i, name := range names {
		if answers[i] {
			there = append(there, name)
		}
	}
	return there
}

// unheld marks an answer that Consul cannot hold, whatever it says, and one
// that is never stale.
func unheld(meta *api.QueryMeta, opts *api.QueryOptions) *api.QueryMeta {
	opts.AllowStale = false
	meta.LastIndex = 0
	return meta
}
