#!/usr/bin/perl
# Calls every method of Mon::Client against one server, and prints what each returned in a stable form.
#
#     every_method.pl HOST PORT
#
# One paragraph a call: the call, what it returned, and the error if there was one. At the end come the methods that
# were not called, of which there should be none.
use strict;
use warnings;
use B ();
use Data::Dumper;
use Time::HiRes qw(sleep);
use Mon::Client;

$Data::Dumper::Sortkeys = 1;
$Data::Dumper::Indent   = 1;
$Data::Dumper::Terse    = 1;
$Data::Dumper::Useqq    = 1;
$| = 1;

my ($host, $port) = @ARGV;
our $client = Mon::Client->new(host => $host, port => $port, username => "bob", password => "secret");
my %called = (new => 1);
my %pairs  = map { $_ => 1 } qw(list_opstatus list_failures list_successes list_descriptions list_deps list_disabled
    list_aliases);

# Call a method in list context, and show everything.
sub call {
    my ($method, @arguments) = @_;
    local $Data::Dumper::Indent = 0;
    my $shown = join(", ", map { Dumper($_) } @arguments);
    return shown_call("$method($shown)", $method, @arguments);
}

sub shown_call {
    my ($head, $method, @arguments) = @_;
    $called{$method} = 1;
    my @found = eval { $client->$method(@arguments) };
    print "$head\n";
    print "  died: $@" if $@;
    @found = sort { "@$a" cmp "@$b" } @found if $method eq "list_watch" && ref $found[0];
    print "  = ", Dumper($pairs{$method} && @found > 1 ? {@found} : \@found), "\n";
    my $error = $client->error;
    print "  error: $error\n" if defined $error;
    print "\n";
    return @found;
}

# Wait until a service has a status: checks and traps take their time.
sub until_status {
    my ($group, $service, $status) = @_;
    for (1 .. 200) {
        my @found = $client->list_opstatus([$group, $service]);
        my %found = @found > 1 ? @found : ();
        return if defined $found{$group}{$service}{opstatus} && $found{$group}{$service}{opstatus} eq $status;
        sleep 0.1;
    }
    print "never: $group $service $status\n";
}

# Before there is a connection.
call("connected");
call("list_watch");
call("host");
call("port");
call("username");
call("password");
call("prot");
call("prot", "nonsense");
call("error");
{
    local $client = Mon::Client->new(host => $host, port => $port);
    call("prot", "1.2.3");
    call("connect");
}

# The connection, and who we are.
call("connect");
call("connected");
call("version");
call("protid");
call("protid", 1);
call("servertime");
call("checkauth", "list");
call("checkauth", "stop");
call("stop");
call("login", username => "bob", password => "wrong");
call("login", username => "bob", password => "secret");
call("checkauth", "stop");
call("checkauth", "nonsense");

# What there is.
call("list_watch");
call("list_group", "a");
call("list_group", "b");
call("list_group", "none");
call("list_descriptions");
call("list_deps");
call("list_aliases");
call("list_views");
call("getview");
call("setview", "some");
call("getview");
call("list_watch");
call("setview", "none such");
call("setview", "");
call("list_state");
call("list_pids");

# Traps and what they lead to.
call("send_trap", group => "a", service => "s", retval => 3, opstatus => "fail",
    summary => "sum \"it\" is 'so' \\20 100%", detail => "line 1\nline 2\n\n  line 4\\\n");
until_status("a", "s", 0);
call("send_trap", group => "b", service => "t", retval => 0, opstatus => "ok", summary => "fine", detail => "");
until_status("b", "t", 1);
call("send_trap", group => "a", service => "s", retval => "text", opstatus => "fail", summary => "x", detail => "");
call("send_trap", group => "a", service => "s", retval => 1, opstatus => "nonsense", summary => "x", detail => "");
call("list_opstatus");
call("list_opstatus", ["a", "s"]);
call("list_opstatus", ["a", "s"], ["b", "t"]);
call("list_opstatus", ["none", "s"]);
call("list_failures");
call("list_successes");
call("list_alerthist");
call("list_failurehist");
call("ack", "a", "s", "the \"cable\" is\\out\nagain");
call("ack", "b", "t", "all is well");
call("list_failures");
call("send_trap", group => "a", service => "s", retval => 0, opstatus => "ok", summary => "fine", detail => "");
until_status("a", "s", 1);
call("list_dtlog");
call("list_alerthist");

# Tests.
call("test", "alert", "a", "s", 1, "wd {Sun-Sat}");
call("test", "alert", "a", "s", 1, "none such");
call("test", "monitor", "a", "checked");
until_status("a", "checked", 1);
call("test_config");

# Disabling.
call("enable_host", "h1");
call("disable_watch", "b");
call("disable_service", "a", "s");
call("disable_host", "h1", "h2");
call("disable_host", "none");
call("disable_watch", "nowhere");
call("disable_service", "a", "none");
call("list_disabled");
call("savestate", "disabled");
call("enable_watch", "b");
call("enable_service", "a", "s");
call("enable_host", "h1", "h2");
call("enable_watch", "nowhere");
call("list_disabled");
call("loadstate", "disabled");
call("list_disabled");
call("enable_watch", "b");
call("enable_service", "a", "s");
call("enable_host", "h1", "h2");

# Variables.
call("set", "a", "s", "description", "new \"words\" \\ é");
call("get", "a", "s", "description");
call("get", "a", "s", "interval");
call("get", "a", "s", "nonsense");
call("set_maxkeep", 50);
call("get_maxkeep");
call("list_descriptions");

# The scheduler.
call("stop");
call("list_state");
call("start");
call("list_state");
call("clear", "timers", "a", "s");
call("reload", "auth");
call("reload", "nonsense");
call("reset", "stopped");
call("list_state");
call("start");
call("reset", "keepstate");
call("list_watch");

# Good-bye, thrice.
call("quit");
call("list_watch");
call("connect", skip_protid => 1);
call("version");
call("disconnect");
call("connected");
call("connect");
call("term");
call("login", username => "bob", password => "secret");
call("term");
call("host", "elsewhere.invalid");
call("port", 1);
call("username", "eve");
call("password", "other");
call("host");

no strict "refs";
my @missed = grep {
    defined &{"Mon::Client::$_"}
      && /^[a-z]/
      && B::svref_2object(\&{"Mon::Client::$_"})->GV->STASH->NAME eq "Mon::Client"
      && !$called{$_}
} sort keys %Mon::Client::;
print "not called: @missed\n";
