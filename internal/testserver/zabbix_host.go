package testserver

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ZabbixItem is an item that takes values from senders.
type ZabbixItem struct {
	Key  string
	Type ZabbixType
}

// ZabbixType is what an item stores.
type ZabbixType int

// The types, as the database numbers them.
const (
	ZabbixFloat    ZabbixType = 0
	ZabbixUnsigned ZabbixType = 3
	ZabbixText     ZabbixType = 4
)

// The connections by which a host's values may come.
const (
	zabbixPlain       = 1
	zabbixCertificate = 4
)

// NewHost returns a name for a host that no other test has, and adds the host
// with these items. It returns when the server knows it.
func (z *ZabbixServer) NewHost(items ...ZabbixItem) string {
	z.tb.Helper()
	return z.addHost(zabbixPlain, items)
}

// NewHostWithTLS adds a host whose values must come with a certificate.
func (z *ZabbixServer) NewHostWithTLS(items ...ZabbixItem) string {
	z.tb.Helper()
	return z.addHost(zabbixCertificate, items)
}

// UnusedName returns a name that no host has.
func (z *ZabbixServer) UnusedName() string { return "host-" + strings.ToLower(rand.Text()) }

func (z *ZabbixServer) addHost(accept int, items []ZabbixItem) string {
	z.tb.Helper()
	name := z.UnusedName()
	var copied strings.Builder
	line := func(host, key string, kind ZabbixType) {
		key = strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`).Replace(key)
		fmt.Fprintf(&copied, "%s\t%s\t%d\n", host, key, kind)
	}
	line(name+"-probe", "probe", ZabbixUnsigned)
	for _, i := range items {
		line(name, i.Key, i.Type)
	}
	z.SQL(strings.NewReplacer("NAME", name, "ACCEPT", strconv.Itoa(accept), "ITEMS", copied.String()).Replace(addHost))
	// The server has read the host when it knows what was added together with it.
	z.AwaitHost(name+"-probe", "probe")
	return name
}

// addHost adds a host and one to probe by, which takes unencrypted values. The
// API and the server take new numbers from the table ids; without rows there
// they look for the largest ones. Without the new statistics a query of the
// import of templates takes minutes beside 34,000 items.
const addHost = `begin;
create temp table new_hosts as
 select row_number() over () + coalesce((select max(hostid) from hosts), 0) as hostid, host, accept
 from (values ('NAME', ACCEPT), ('NAME-probe', 1)) v (host, accept);
insert into hosts (hostid, host, name, name_upper, status, tls_accept) select hostid, host, host, upper(host), 0, accept from new_hosts;
insert into hosts_groups (hostgroupid, hostid, groupid)
 select row_number() over () + coalesce((select max(hostgroupid) from hosts_groups), 0), hostid, 2 from new_hosts;
create temp table new_items (n serial, host text, key_ text, value_type int);
copy new_items (host, key_, value_type) from stdin;
ITEMS\.
create temp table numbered as
 select n + coalesce((select max(itemid) from items), 0) as itemid, hostid, key_, value_type from new_items join new_hosts using (host);
insert into items (itemid, type, hostid, name, name_upper, key_, value_type, flags, delay, history, trends)
 select itemid, 2, hostid, 'item ' || itemid, 'ITEM ' || itemid, key_, value_type, 0, '0', '90d', '0' from numbered;
insert into item_rtdata (itemid) select itemid from numbered;
delete from ids where table_name in ('items', 'hosts', 'hosts_groups');
commit;
analyze items, item_rtdata, hosts, hosts_groups;
`

// AwaitHost waits until the server knows a host that was added by its API. It
// sends a 1 to an item.
func (z *ZabbixServer) AwaitHost(name, key string) {
	z.tb.Helper()
	value := fmt.Sprintf(`{"request":"sender data","data":[{"host":%q,"key":%q,"value":"1"}]}`, name, key)
	ctx, cancel := context.WithTimeout(z.tb.Context(), startTimeout)
	defer cancel()
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for {
		answer, err := zabbixAsk(ctx, z.Addr, value)
		if err == nil && strings.Contains(answer, "processed: 1") {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			z.tb.Fatalf("Zabbix does not know host %s yet (%v); it says %q", name, err, answer)
		}
	}
}

// SQL runs statements in the server's database and returns the rows of the
// queries among them, column by column.
func (z *ZabbixServer) SQL(statements string) [][]string {
	z.tb.Helper()
	ctx, cancel := context.WithTimeout(z.tb.Context(), startTimeout)
	defer cancel()
	text, err := psql(ctx, z.server.database, "zabbix", "zabbix", strings.NewReader(statements))
	if err != nil {
		z.tb.Fatal(err)
	}
	var rows [][]string
	for line := range strings.Lines(text) {
		rows = append(rows, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
	}
	return slices.Clip(rows)
}
