package register

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/hashicorp/consul/api"
)

// errYounger says that a younger life of the same instance is registered, and
// well.
var errYounger = errors.New("a younger life of the instance is registered")

// entry is the instance as the agent has it. It belongs to the goroutine of
// [Catalog.Run].
type entry struct {
	*Catalog
	compared time.Time // when the agent was last asked what it has; zero is never
	token    string    // that the service was registered with: the agent keeps using it
	told     State     // last health that was told
}

// keep has the agent have the service as it should be, with its health. What
// the agent has is asked for once in a ttl, and whenever it denies to have the
// check.
func (e *entry) keep(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	o, err := e.query(ctx)
	if err != nil {
		return e.explain("registering", err)
	}
	if time.Since(e.compared) >= e.cfg.TTL || o.Token != e.token {
		return e.explain("registering", e.compare(o))
	}
	if e.cfg.HTTP != "" {
		return nil
	}
	err = e.tell(o)
	if status, ok := errors.AsType[api.StatusError](err); ok && status.Code == http.StatusNotFound {
		err = e.compare(o)
	}
	if err != nil {
		e.compared = time.Time{} // whatever it was, the agent may not be the one it was
	}
	return e.explain("telling the health", err)
}

// compare asks the agent what it has, writes what differs, and removes what
// earlier lives left under other names.
func (e *entry) compare(o *api.QueryOptions) error {
	e.compared = time.Time{} // whatever fails here is looked at again
	known, err := e.look(o)
	if err != nil {
		return err
	}
	mine := known.services[e.cfg.Service.ID()]
	if known.taken(mine, e.cfg.Service) {
		return errYounger
	}
	switch {
	case o.Token != e.token || !e.same(mine) || !known.checked(e.check()):
		err = e.write(o)
	case e.cfg.HTTP == "":
		err = e.tell(o)
	}
	if err != nil {
		return err
	}
	for _, id := range known.leftovers(e.registration()) {
		e.log.Info("what an earlier life left in the catalogue is removed", "left", id)
		if err := e.cfg.Client.Agent().ServiceDeregisterOpts(id, o); err != nil {
			return fmt.Errorf("removing %s: %w", id, err)
		}
	}
	e.compared = time.Now()
	return nil
}

// write registers the service with its check, which begins in the present state.
func (e *entry) write(o *api.QueryOptions) error {
	state, _ := e.cfg.Health.now()
	registration := e.registration()
	registration.Check = e.check()
	registration.Check.Status = string(state)
	opts := api.ServiceRegisterOpts{ReplaceExistingChecks: true, Token: o.Token}
	if err := e.cfg.Client.Agent().ServiceRegisterOpts(registration, opts.WithContext(o.Context())); err != nil {
		return err
	}
	e.token = o.Token
	if e.cfg.HTTP != "" {
		return nil
	}
	return e.tell(o)
}

// tell passes the health on, which renews the ttl.
func (e *entry) tell(o *api.QueryOptions) error {
	state, note := e.cfg.Health.now()
	if err := e.cfg.Client.Agent().UpdateTTLOpts(e.check().CheckID, note, string(state), o); err != nil {
		return err
	}
	if state != e.told {
		e.log.Debug("consul was told the health", "state", string(state))
		e.told = state
	}
	return nil
}

// withdraw takes the service out if it is that of this life.
func (e *entry) withdraw(ctx context.Context) error {
	o, err := e.query(ctx)
	if err != nil {
		return e.explain("leaving the catalogue", err)
	}
	known, err := e.look(o)
	if err != nil {
		return e.explain("leaving the catalogue", err)
	}
	mine := known.services[e.cfg.Service.ID()]
	if mine == nil || mine.Meta[metaIncarnation] != e.cfg.Service.Incarnation {
		return nil
	}
	return e.explain("leaving the catalogue", e.cfg.Client.Agent().ServiceDeregisterOpts(mine.ID, o))
}

// look asks the agent for the services of the name, and their checks.
func (e *entry) look(o *api.QueryOptions) (seen, error) {
	name := strconv.Quote(e.cfg.Service.Name)
	services, err := e.cfg.Client.Agent().ServicesWithFilterOpts("Service == "+name, o)
	if err != nil {
		return seen{}, err
	}
	checks, err := e.cfg.Client.Agent().ChecksWithFilterOpts("ServiceName == "+name, o)
	if err != nil {
		return seen{}, err
	}
	return seen{services: services, checks: checks}, nil
}

// explain says what was done and what can be done about it.
func (e *entry) explain(doing string, err error) error {
	if err == nil {
		return nil
	}
	status, _ := errors.AsType[api.StatusError](err)
	hint := "is the agent of consul running there? see sources.consul.address"
	switch {
	case errors.Is(err, errYounger):
		hint = "give one of them another name: cluster.instance"
	case status.Code == http.StatusForbidden, status.Code == http.StatusUnauthorized:
		hint = fmt.Sprintf("the token's policy needs service %q write, and its token must not have expired", e.cfg.Service.Name)
	case status.Code != 0:
		hint = "see the log of the agent of consul"
	}
	return fmt.Errorf("%s %s with consul: %w (%s)", doing, e.cfg.Service.ID(), err, hint)
}
