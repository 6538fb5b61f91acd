package consul

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/hashicorp/consul/api"

	"concierge/sources"
)

// partitions reads all admin partitions, which Consul cannot hold.
func partitions(ctx context.Context, client *api.Partitions, opts *api.QueryOptions) (found, *api.QueryMeta, error) {
	plain := &api.QueryOptions{Datacenter: opts.Datacenter, Token: opts.Token}
	all, meta, err := client.List(ctx, plain)
	if err != nil {
		return found{}, nil, err
	}
	list := make(sources.Partitions, len(all))
	for i, p := range all {
		list[i] = &sources.Partition{Name: p.Name, Description: p.Description}
	}
	slices.SortFunc(list, func(a, b *sources.Partition) int { return strings.Compare(a.Name, b.Name) })
	return listing(list), unheld(meta, opts), nil
}

func peerings(ctx context.Context, client *api.Peerings, opts *api.QueryOptions) (found, *api.QueryMeta, error) {
	opts.AllowStale = false // the leader alone knows the streams
	all, meta, err := client.List(ctx, opts)
	if err != nil {
		return found{}, nil, err
	}
	list := make(sources.Peerings, len(all))
	for i, p := range all {
		list[i] = peering(p)
	}
	slices.SortStableFunc(list, func(a, b *sources.Peering) int {
		return cmp.Or(
			strings.Compare(a.PeeringState, b.PeeringState),
			strings.Compare(a.Partition, b.Partition),
			strings.Compare(a.Name, b.Name),
		)
	})
	return listing(list), meta, nil
}

func peering(p *api.Peering) *sources.Peering {
	return &sources.Peering{
		ID:                  p.ID,
		Name:                p.Name,
		Partition:           p.Partition,
		Meta:                p.Meta,
		PeeringState:        string(p.State),
		PeerID:              p.PeerID,
		PeerServerName:      p.PeerServerName,
		PeerServerAddresses: p.PeerServerAddresses,
		StreamStatus:        sources.PeeringStreamStatus(p.StreamStatus),
		Remote:              sources.PeeringRemote{Partition: p.Remote.Partition, Datacenter: p.Remote.Datacenter},
	}
}

func exportedServices(client *api.Client, opts *api.QueryOptions) (found, *api.QueryMeta, error) {
	opts.AllowStale = false
	all, meta, err := client.ExportedServices(opts)
	if err != nil {
		return found{}, nil, err
	}
	list := make(sources.ExportedServices, len(all))
	for i, e := range all {
		list[i] = &sources.ExportedService{
			Service:   e.Service,
			Partition: e.Partition,
			Namespace: e.Namespace,
			Consumers: sources.ServiceConsumers{
				Peers:      append([]string{}, e.Consumers.Peers...),
				Partitions: append([]string{}, e.Consumers.Partitions...),
			},
		}
	}
	slices.SortStableFunc(list, func(a, b *sources.ExportedService) int {
		return cmp.Or(strings.Compare(a.Service, b.Service), strings.Compare(a.Namespace, b.Namespace))
	})
	return listing(list), meta, nil
}

func importedServices(client *api.Client, opts *api.QueryOptions) (found, *api.QueryMeta, error) {
	opts.AllowStale = false
	all, meta, err := client.ImportedServices(opts)
	if err != nil {
		return found{}, nil, err
	}
	list := make(sources.ImportedServices, len(all))
	for i, e := range all {
		list[i] = &sources.ImportedService{Service: e.Service, Namespace: e.Namespace, SourcePartition: e.SourcePartition}
	}
	slices.SortStableFunc(list, func(a, b *sources.ImportedService) int {
		return cmp.Or(
			strings.Compare(a.Service, b.Service),
			strings.Compare(a.Namespace, b.Namespace),
			strings.Compare(a.SourcePartition, b.SourcePartition),
		)
	})
	return listing(list), meta, nil
}

// caRoots asks the agent, which keeps the roots and watches them itself.
func caRoots(agent *api.Agent, opts *api.QueryOptions) (found, *api.QueryMeta, error) {
	opts.AllowStale = false
	all, meta, err := agent.ConnectCARoots(opts)
	if err != nil {
		return found{}, nil, err
	}
	roots := make(sources.CARoots, len(all.Roots))
	for i, r := range all.Roots {
		roots[i] = &sources.CARoot{
			ID: r.ID, Name: r.Name, RootCertPEM: r.RootCertPEM, Active: r.Active,
			CreateIndex: r.CreateIndex, ModifyIndex: r.ModifyIndex,
		}
	}
	return listing(roots), meta, nil
}

// caLeaf asks the agent, which issues the certificate and renews it in time.
// It comes with its private key, so it is tainted.
func (l lookup) caLeaf(agent *api.Agent, opts *api.QueryOptions) (found, *api.QueryMeta, error) {
	opts.AllowStale = false
	leaf, meta, err := agent.ConnectCALeaf(l.path, opts)
	if err != nil {
		return found{}, nil, err
	}
	certificate := sources.LeafCertificate(*leaf)
	return found{Exists: true, Data: &certificate, Tainted: true}, meta, nil
}
