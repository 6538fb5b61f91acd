package testserver_test

import (
	"testing"

	"concierge/internal/testserver"
)

func TestZabbixKnowsNewHostsAndAnswersItsAPI(t *testing.T) {
	z := testserver.Zabbix(t)
	host := z.NewHost(testserver.ZabbixItem{Key: "a.number", Type: testserver.ZabbixFloat}, testserver.ZabbixItem{Key: `a.text["x,y"]`, Type: testserver.ZabbixText})
	if again := testserver.Zabbix(t); again.Addr != z.Addr {
		t.Errorf("two servers: %s and %s", z.Addr, again.Addr)
	}
	var hosts []struct{ Items []struct{ Key_ string } }
	z.Call("host.get", map[string]any{"filter": map[string]string{"host": host}, "selectItems": []string{"key_"}}, &hosts)
	if len(hosts) != 1 || len(hosts[0].Items) != 2 {
		t.Errorf("the API knows %+v", hosts)
	}
	if rows := z.SQL("select key_ from items join hosts using (hostid) where host = '" + host + "' order by key_"); len(rows) != 2 || rows[1][0] != `a.text["x,y"]` {
		t.Errorf("the database has %q", rows)
	}
}
