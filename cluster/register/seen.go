package register

import (
	"maps"
	"slices"

	"github.com/hashicorp/consul/api"
)

// Facts that say whose a registration is.
const (
	metaInstance    = "concierge-instance"
	metaIncarnation = "concierge-incarnation"
)

// registration is the service without its check.
func (c *Catalog) registration() *api.AgentServiceRegistration {
	s := c.cfg.Service
	meta := make(map[string]string, len(s.Meta)+2)
	maps.Copy(meta, s.Meta)
	meta[metaInstance], meta[metaIncarnation] = s.Instance, s.Incarnation
	return &api.AgentServiceRegistration{
		ID: s.ID(), Name: s.Name, Address: s.Address, Port: s.Port, Tags: s.Tags, Meta: meta,
		Namespace: c.cfg.Namespace, Partition: c.cfg.Partition,
	}
}

func (c *Catalog) check() *api.AgentServiceCheck {
	check := &api.AgentServiceCheck{
		CheckID:                        "service:" + c.cfg.Service.ID(),
		Name:                           "concierge",
		DeregisterCriticalServiceAfter: c.cfg.After.String(),
	}
	if c.cfg.HTTP != "" {
		check.HTTP, check.Interval, check.Timeout = c.cfg.HTTP, (c.cfg.TTL / 3).String(), requestTimeout.String()
	} else {
		check.TTL = c.cfg.TTL.String()
	}
	return check
}

// same reports whether the agent has the service as it should be.
func (c *Catalog) same(has *api.AgentService) bool {
	want := c.registration()
	return has != nil && has.Service == want.Name && has.Address == want.Address && has.Port == want.Port &&
		slices.Equal(has.Tags, want.Tags) && maps.Equal(has.Meta, want.Meta)
}

// seen is what the agent has of one service.
type seen struct {
	services map[string]*api.AgentService // by id
	checks   map[string]*api.AgentCheck   // by id
}

// checked reports whether the agent makes the check, in the way it should.
func (s seen) checked(want *api.AgentServiceCheck) bool {
	has := s.checks[want.CheckID]
	if has == nil {
		return false
	}
	if want.HTTP != "" {
		return has.Type == "http" && (has.Definition.HTTP == "" || has.Definition.HTTP == want.HTTP)
	}
	return has.Type == "ttl"
}

// taken reports whether a younger life has the name and is well. One that is
// critical is dead, or as good as that: a clock that was put back must not keep
// an instance out of the catalogue.
func (s seen) taken(has *api.AgentService, by Service) bool {
	return has != nil && has.Meta[metaIncarnation] > by.Incarnation && s.alive(has.ID)
}

func (s seen) alive(id string) bool {
	for _, check := range s.checks {
		if check.ServiceID == id && check.Status == api.HealthCritical {
			return false
		}
	}
	return true
}

// leftovers are the ids under which an earlier life of the same instance was
// registered at the same place. What does not say that it is concierge's is
// nobody's to touch.
func (s seen) leftovers(mine *api.AgentServiceRegistration) (ids []string) {
	for id, has := range s.services {
		life := has.Meta[metaIncarnation]
		if id == mine.ID || has.Address != mine.Address || has.Port != mine.Port {
			continue
		}
		if has.Meta[metaInstance] == mine.Meta[metaInstance] && life != "" && life < mine.Meta[metaIncarnation] {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}
