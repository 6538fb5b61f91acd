package zabbix

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"concierge/metrics"
)

// Registration makes the server create the host, if an action of it (Alerts,
// Actions, Autoregistration) says so. The server refuses it over connections
// with certificates.
type Registration struct {
	// Metadata is what actions choose by: up to 255 characters for servers before
	// 6.4, 2,034 bytes for later ones.
	Metadata string
	// Interface is the DNS name or IP address, and Port the port, at which the
	// server finds an agent; if empty, the address that it sees, and 10050.
	Interface string
	Port      int
	Pause     time.Duration // between attempts; 0 is 10 s
}

const (
	longestMetadata   = 2034
	registrationPause = 10 * time.Second
	// agentVersion is whose requests these are. Agents since 6.4 would have to
	// keep a session.
	agentVersion = "6.0.0"
)

func (r *Registration) validate(certificates bool) error {
	var errs []error
	if certificates {
		errs = append(errs, errors.New("a host cannot register over a connection with certificates, the server refuses it: create the host by hand, or register at a proxy without TLS"))
	}
	if len(r.Metadata) > longestMetadata || !utf8.ValidString(r.Metadata) {
		errs = append(errs, fmt.Errorf("metadata for the registration has %d bytes of UTF-8; servers take %d (255 characters before 6.4)", len(r.Metadata), longestMetadata))
	}
	if r.Port < 0 || r.Port > 65535 {
		errs = append(errs, fmt.Errorf("port %d for the registration: it is a number from 1 to 65535", r.Port))
	}
	if r.Pause < 0 {
		errs = append(errs, errors.New("pause between registrations is negative: leave it out for the default"))
	}
	return errors.Join(errs...)
}

// registry is how far the registration is.
type registry struct {
	accepted bool
	next     time.Time // attempt
}

// register asks for the host to be created, if that is due. The first answer for
// a new host is always that there is none; it is created a few seconds later,
// and the next request is accepted.
func (t *Target) register(ctx context.Context, host string, r *metrics.Receipt) error {
	settings := t.cfg.Register
	now := t.cfg.Now()
	if settings == nil || t.registry.accepted || now.Before(t.registry.next) {
		return nil
	}
	pause := settings.Pause
	setDefault(&pause, registrationPause)
	t.registry.next = now.Add(pause)
	body, err := settings.request(host)
	if err != nil {
		return err
	}
	t.packet.beginRequest(body)
	frame, err := t.packet.endRequest()
	if err != nil {
		return err
	}
	_, err = t.exchange(ctx, frame, t.packet.total, r)
	if errors.Is(err, errRefused) {
		t.cfg.Log.Info("the host is not registered yet; trying again", "host", host, "pause", pause, "answer", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("registering host %s at Zabbix: %w", host, err)
	}
	t.registry.accepted = true
	t.bulletin.retry = time.Time{} // its rules may be known now
	return nil
}

func (r *Registration) request(host string) ([]byte, error) {
	request := map[string]string{"request": "active checks", "host": host, "version": agentVersion}
	for field, value := range map[string]string{"host_metadata": r.Metadata, "interface": r.Interface} {
		if value != "" {
			request[field] = value
		}
	}
	if r.Port != 0 {
		request["port"] = strconv.Itoa(r.Port)
	}
	return json.Marshal(request)
}
