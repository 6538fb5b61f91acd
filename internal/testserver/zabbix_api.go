package testserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

const zabbixFrontend = "/usr/share/zabbix"

// Call asks Zabbix's API as its administrator and decodes the result into out
// unless that is nil. The frontend is started at the first call.
func (z *ZabbixServer) Call(method string, params, out any) {
	z.tb.Helper()
	if err := z.call(method, params, out); err != nil {
		z.tb.Fatalf("Zabbix API, %s: %v", method, err)
	}
}

func (z *ZabbixServer) call(method string, params, out any) error {
	sharedServers.Lock()
	defer sharedServers.Unlock()
	if z.server.frontend == nil {
		i, err := newFrontend(z.server.database)
		if err != nil {
			return err
		}
		launch(z.tb, i)
		z.server.frontend = i
	}
	return zabbixCall(z.tb.Context(), z.server.frontend, z.server.frontend.token, method, params, out)
}

// newFrontend is PHP's own web server on a copy of the frontend with settings of
// its own.
func newFrontend(database *instance) (*instance, error) {
	php, err := exec.LookPath("php")
	if _, missing := os.Stat(zabbixFrontend + "/api_jsonrpc.php"); err != nil || missing != nil {
		return nil, fmt.Errorf("%w: make packages installs it", errors.Join(err, missing))
	}
	return newInstance(kind{
		program: "zabbix-frontend",
		ports:   1,
		prepare: func(i *instance) error { return copyFrontend(i, database) },
		args: func(i *instance) []string {
			return []string{"-d", "memory_limit=512M", "-d", "max_execution_time=300", "-d", "post_max_size=64M", "-S", i.addr(0), "-t", i.path("www")}
		},
		ready: func(ctx context.Context, i *instance) error {
			return zabbixCall(ctx, i, "", "apiinfo.version", []string{}, nil)
		},
		setup: func(ctx context.Context, i *instance) error {
			return zabbixCall(ctx, i, "", "user.login", map[string]string{"username": "Admin", "password": "zabbix"}, &i.token)
		},
	}, php)
}

func copyFrontend(i, database *instance) error {
	if out, err := exec.Command("cp", "-a", zabbixFrontend, i.path("www")).CombinedOutput(); err != nil {
		return fmt.Errorf("copying %s: %w: %s", zabbixFrontend, err, out)
	}
	// Debian's frontend looks for its settings in one place of the machine.
	const class, fixed = "www/include/classes/core/CConfigFile.php", "/etc/zabbix/zabbix.conf.php"
	code, err := os.ReadFile(i.path(class))
	if err != nil {
		return err
	}
	code = bytes.ReplaceAll(code, []byte(fixed), []byte(i.path("zabbix.conf.php")))
	if err := os.WriteFile(i.path(class), code, 0o600); err != nil {
		return err
	}
	return os.WriteFile(i.path("zabbix.conf.php"), []byte(strings.ReplaceAll(`<?php
$DB['TYPE'] = 'POSTGRESQL';
$DB['SERVER'] = '127.0.0.1';
$DB['PORT'] = 'NUMBER';
$DB['DATABASE'] = 'zabbix';
$DB['USER'] = 'zabbix';
$DB['PASSWORD'] = '';
$DB['SCHEMA'] = '';
$DB['ENCRYPTION'] = false;
$DB['DOUBLE_IEEE754'] = true;
$IMAGE_FORMAT_DEFAULT = IMAGE_FORMAT_PNG;
`, "NUMBER", database.port(0))), 0o600)
}

func zabbixCall(ctx context.Context, i *instance, token, method string, params, out any) error {
	request := map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
	if token != "" {
		request["auth"] = token
	}
	var answer struct {
		Result json.RawMessage
		Error  *struct{ Message, Data string }
	}
	c := call{method: "POST", url: i.url(0) + "/api_jsonrpc.php", contentType: "application/json-rpc", body: request}
	if err := c.do(ctx, &answer); err != nil {
		return err
	}
	if answer.Error != nil {
		return fmt.Errorf("%s %s", answer.Error.Message, answer.Error.Data)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer.Result, out)
}
