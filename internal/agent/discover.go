package agent

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"concierge/internal/exit"
	"concierge/metrics/cycle"
	"concierge/metrics/push/zabbix"
)

// Discover reads everything once and prints what Zabbix servers would be told
// of the metrics, as one JSON object: for each discovery rule its key and its
// document. Of several targets there is one such object for each, by its name.
// The servers of one target are told the same.
func Discover(ctx context.Context, o PushOptions) error {
	b, err := newGlance(o)
	if err != nil {
		return err
	}
	defer b.close()
	all := b.announcements(ctx)
	if len(all) == 0 {
		return exit.With(exit.Config, errors.New("no target is told which metrics there are (only Zabbix is: metrics.push.NAME.zabbix)"))
	}
	encoder := json.NewEncoder(o.Stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	var printed any = all
	if len(all) == 1 {
		printed = slices.Collect(maps.Values(all))[0]
	}
	return errors.Join(encoder.Encode(printed), b.unread())
}

// announcements are the documents by target and by key.
func (b *bench) announcements(ctx context.Context) map[string]map[string]json.RawMessage {
	snapshot := cycle.Measure(ctx, b.Options)
	all := make(map[string]map[string]json.RawMessage)
	for _, s := range b.Sinks {
		target, ok := s.Target.(*zabbix.Target)
		if !ok || all[s.Entry] != nil {
			continue
		}
		all[s.Entry] = make(map[string]json.RawMessage)
		for _, a := range target.Announcements(s.Refined(snapshot)) {
			all[s.Entry][a.Key] = json.RawMessage(a.Document)
		}
	}
	return all
}
