import { describe, expect, it } from 'vitest';

import { lighttpdMistake } from '../../../../src/servers/lighttpd/syntax.js';

describe('a configuration of lighttpd', () => {
  it('is one with everything that packages write', () => {
    const text = `
server.modules = (
	"mod_access",   # one ( more
	"mod_alias",
)
var.a := "x"
server.modules += ( "mod_openssl" )
include_shell "/usr/share/lighttpd/use-ipv6.pl " + server.port
include "conf-enabled/*.conf"
$HTTP["url"] =~ "^/(a|b)\\"#{" {
  alias.url = ( "/a" => "/b", )
} else $HTTP["host"] == "x" { server.name = "x" }
else {
  fastcgi.server += ( ".php" =>
    ((
      "bin-path" => "/usr/bin/php-cgi",
    ))
  )
}
`;
    expect(lighttpdMistake(text)).toBeUndefined();
  });

  it.for([
    ['garbage {{{', 1, 'neither a setting'],
    ['a = "x"\nhello world', 2, 'neither a setting'],
    ['a = "x', 1, 'a quote'],
    ['a = (\n"b"\n', 3, 'a ")" is missing'],
    ['$HTTP["host"] == "x" {\n', 2, 'a "}" is missing'],
    ['}\n', 1, 'unexpected "}"'],
    ['<VirtualHost>', 1, 'neither a setting'],
  ] as const)('is not %j', ([text, line, what]) => {
    expect(lighttpdMistake(text)).toMatchObject({ line, what: expect.stringContaining(what) as string });
  });
});
