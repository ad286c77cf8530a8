// okdok.hpp against the fault server. Compiled with and without exceptions, in each C++ from 17 on.
#include <okdok.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <limits>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

extern "C" {
#include "faults.h"
#include "harness.h"
}

using namespace std::chrono_literals;

static_assert(!std::is_copy_constructible_v<okdok::client> && !std::is_copy_assignable_v<okdok::client>);
static_assert(std::is_nothrow_move_constructible_v<okdok::client> && std::is_nothrow_move_assignable_v<okdok::client>);
static_assert(std::is_base_of_v<std::runtime_error, okdok::error>);
static_assert(std::is_nothrow_copy_constructible_v<okdok::error>);
// Nothing may throw after a deletion.
static_assert(std::is_nothrow_move_constructible_v<okdok::deletion> && std::is_nothrow_copy_constructible_v<okdok::deletion>);
static_assert(std::is_nothrow_constructible_v<okdok::attempt_log, const okdok_error &>);
static_assert(std::is_same_v<std::underlying_type_t<okdok::status>, okdok_status>);

namespace {

constexpr const char *KEY = "sandbox-key";

okdok::options one_attempt()
{
    okdok::options options;
    options.max_attempts = 1;
    return options;
}

std::string serve(const std::string &steps) { return http_url(faults_serve(steps.c_str())); }

struct outcome {
    okdok::status status;
    std::error_code ec;
    okdok_error details;
};

/* The deletion of "id-1", by error code. */
outcome deleted_at(const std::string &url, const okdok::options &options = {}, const okdok::text &id = "id-1")
{
    outcome o{ okdok::status::ok, make_error_code(okdok::status::internal), {} };
    const okdok::client client(url, KEY, options, o.ec);
    CHECK(!o.ec);
    // An earlier error must be cleared.
    o.ec = make_error_code(okdok::status::internal);
    o.status = client.delete_signature_request(id, o.ec, &o.details);
    CHECK(okdok_status(o.status) == o.details.status);
    return o;
}

std::error_code refused(const okdok::text &url, const okdok::text &key, const okdok::options &options, const char *why)
{
    std::error_code ec;
    okdok_error details;
    const okdok::client client(url, key, options, ec, &details);
    CHECK_HAS(details.message, why);
    CHECK(ec);
    CHECK_INT(ec.value(), details.status);
    return ec;
}

} // namespace

TEST(a_deletion_clears_the_code)
{
    const outcome o = deleted_at(serve("ok"));
    CHECK(!o.ec && o.status == okdok::status::ok);
    CHECK_INT(o.details.http_status, 200);
}

TEST(a_presumed_deletion_is_no_error)
{
    const outcome o = deleted_at(serve("delete:reset=0 missing"));
    CHECK(!o.ec && o.status == okdok::status::presumed_deleted);
    CHECK_INT(o.details.attempts, 2);
}

TEST(the_code_is_set_when_c_returns_false)
{
    const outcome o = deleted_at(serve("missing"));
    CHECK(o.ec == okdok::status::not_found && o.ec != okdok::status::forbidden);
    CHECK(o.status == okdok::status::not_found);
    CHECK(o.ec.category() == okdok::category());
    CHECK_STR(o.ec.category().name(), "okdok");
    CHECK(o.ec.message() == "OKDOK_STATUS_NOT_FOUND");
    CHECK_STR(o.details.service_code, "err.signature.request.not.exist");
}

TEST(the_details_tell_an_unknown_outcome)
{
    const outcome o = deleted_at(serve("delete:reset=0"), one_attempt());
    CHECK(o.ec == okdok::status::connection_lost);
    CHECK_INT(o.details.outcome_unknown, 1);
}

TEST(the_attempt_log_is_that_of_c)
{
    okdok_error fields{};
    CHECK(okdok::attempt_log(fields).empty() && okdok::attempt_log().size() == 0);
    for (std::int16_t i = 0; i < 6; i++)
        fields.attempt_log[i] = { OKDOK_STATUS_SERVER_ERROR, std::int16_t(500 + i), std::uint32_t(10 * i), std::uint32_t(i + 1) };
    fields.attempts = 2;
    CHECK_INT(okdok::attempt_log(fields).size(), 2);
    // More than the log keeps.
    fields.attempts = 4000000000;
    const okdok::attempt_log log(fields);
    CHECK_INT(log.size(), 6);
    int http_status = 500;
    for (const okdok::attempt &attempt : log) {
        CHECK(attempt.status == okdok::status::server_error);
        CHECK(attempt.elapsed == std::chrono::milliseconds(http_status - 499) && attempt.waited == 10ms * (http_status - 500));
        CHECK_INT(attempt.http_status, http_status++);
    }
    CHECK_INT(log[5].http_status, 505);
}

TEST(an_id_is_not_cut_at_a_nul)
{
    const int port = faults_serve("ok");
    const std::string id("id-1\0-of-another", 16);
    const outcome o = deleted_at(http_url(port), {}, id);
    CHECK(o.ec == okdok::status::invalid_argument);
    CHECK_HAS(o.details.message, "signature_request_id contains a NUL");
    CHECK_INT(o.details.attempts, 0);
    CHECK_INT(faults_connections(port), 0);
}

TEST(nothing_else_is_cut_either)
{
    const std::string url = "http://localhost:1", nul("a\0b", 3);
    okdok::options options;
    CHECK(refused(std::string("http://localhost\0.test", 22), KEY, {}, "base_url contains a NUL") ==
          okdok::status::invalid_argument);
    refused(url, nul, {}, "api_key contains a NUL");
    options.ca_file = nul;
    refused(url, KEY, options, "options.ca_file contains a NUL");
    options = {};
    options.proxy = nul;
    refused(url, KEY, options, "options.proxy contains a NUL");
    options = {};
    options.user_agent = nul;
    refused(url, KEY, options, "options.user_agent contains a NUL");
}

TEST(numbers_that_c_would_take_as_others_are_refused)
{
    const std::string url = "http://localhost:1";
    const auto largest = std::chrono::milliseconds{ std::numeric_limits<std::uint32_t>::max() };
    for (const auto bad : { 0ms, -1ms, largest + 1ms }) {
        okdok::options options;
        options.timeout = bad;
        refused(url, KEY, options, "options.timeout");
        options = {};
        options.connect_timeout = bad;
        refused(url, KEY, options, "options.connect_timeout");
    }
    okdok::options options;
    options.max_attempts = 0;
    refused(url, KEY, options, "options.max_attempts");

    options = {};
    options.timeout = options.connect_timeout = largest;
    options.max_attempts = std::numeric_limits<std::uint32_t>::max();
    CHECK(!deleted_at(serve("ok"), options).ec);
}

TEST(what_the_library_refuses_is_passed_on)
{
    CHECK(refused("http://okdok.test", KEY, {}, "in the clear") == okdok::status::invalid_argument);
    CHECK(refused("http://localhost", nullptr, {}, "api_key is NULL") == okdok::status::invalid_argument);
    CHECK(deleted_at(serve("ok"), {}, nullptr).ec == okdok::status::invalid_argument);
}

TEST(every_option_arrives)
{
    okdok::options options = one_attempt();
    options.user_agent = "tests-of-okdok.hpp/1";
    int port = faults_serve("reply=503");
    CHECK(deleted_at(http_url(port), options).ec == okdok::status::server_error);
    CHECK_INT(faults_requests(port), 1);
    char *request = faults_request(port, 1);
    CHECK_HAS(request, "tests-of-okdok.hpp/1 okdok/");
    free(request);

    options = one_attempt();
    // Half of it is for connecting, which may take a while on a busy machine.
    options.timeout = 2s;
    const auto start = std::chrono::steady_clock::now();
    CHECK(deleted_at(serve("silent"), options).ec == okdok::status::timed_out);

    options = one_attempt();
    options.connect_timeout = 50ms;
    CHECK(deleted_at(http_url(faults_stall()), options).ec == okdok::status::connect_failed);
    // The default time-outs give the same statuses, but later.
    CHECK(std::chrono::steady_clock::now() - start < 8s);

    const std::string secure = https_url(faults_tls("good", "ok"));
    options = one_attempt();
    options.ca_file = faults_ca("good");
    CHECK(!deleted_at(secure, options).ec);
    options.ca_file = faults_ca("rotated");
    CHECK(deleted_at(secure, options).ec == okdok::status::tls_failed);

    options = one_attempt();
    options.proxy = "socks4://localhost:1";
    refused("http://localhost", KEY, options, "options.proxy");
}

TEST(a_client_moves)
{
    std::error_code ec;
    okdok::client first(serve("missing"), KEY, {}, ec), second = std::move(first);
    CHECK(second.delete_signature_request("id-1", ec) == okdok::status::not_found);
    CHECK(first.delete_signature_request("id-1", ec) == okdok::status::invalid_client); // NOLINT: this is what is tested
    CHECK(ec == okdok::status::invalid_client);
    first = std::move(second);
    CHECK(first.delete_signature_request("id-1", ec) == okdok::status::not_found);
}

TEST(many_threads_share_a_client)
{
    std::error_code ec;
    const okdok::client client(serve("ok"), KEY, {}, ec);
    std::vector<std::error_code> codes(8, make_error_code(okdok::status::internal));
    std::vector<std::thread> threads;
    for (auto &code : codes) threads.emplace_back([&] { client.delete_signature_request("id-1", code); });
    for (auto &thread : threads) thread.join();
    for (const auto &code : codes) CHECK(!code);
}

TEST(versions_and_names_are_the_librarys)
{
    CHECK_STR(okdok::version(), OKDOK_VERSION);
    CHECK_STR(okdok::status_name(okdok::status::proxy_refused), "OKDOK_STATUS_PROXY_REFUSED");
    CHECK_STR(okdok::status_name(okdok::status{ 12345 }), "OKDOK_STATUS_UNKNOWN");
}

#ifdef __cpp_exceptions

TEST(a_deletion_is_returned)
{
    const okdok::deletion gone = okdok::client(serve("ok"), KEY).delete_signature_request("id-1");
    CHECK(!gone.presumed);
    CHECK_INT(gone.attempts, 1);
    CHECK_INT(gone.http_status, 200);
    CHECK_INT(gone.attempt_log.size(), 1);
    CHECK(gone.attempt_log[0].status == okdok::status::ok && gone.attempt_log[0].http_status == 200);
    CHECK(gone.elapsed >= gone.attempt_log[0].elapsed);
}

TEST(a_presumed_deletion_is_not_thrown)
{
    const okdok::deletion gone = okdok::client(serve("delete:reset=0 missing"), KEY).delete_signature_request("id-1");
    CHECK(gone.presumed);
    CHECK_INT(gone.attempts, 2);
    CHECK_INT(gone.http_status, 400);
    CHECK_INT(gone.attempt_log.size(), 2);
    CHECK(gone.attempt_log[0].status == okdok::status::connection_lost && gone.attempt_log[0].http_status == 0);
    CHECK(gone.attempt_log[0].waited == 0ms && gone.attempt_log[1].waited >= 500ms);
    CHECK(gone.attempt_log[1].status == okdok::status::not_found && gone.attempt_log[1].http_status == 400);
    CHECK(gone.elapsed >= gone.attempt_log[1].waited + gone.attempt_log[1].elapsed);
}

/* The call ended with a lost connection, then a 503 with a report. */
static void check_every_field(const std::exception &caught)
{
    const auto &error = dynamic_cast<const okdok::error &>(caught);
    CHECK(error.status() == okdok::status::server_error);
    CHECK_INT(error.http_status(), 503);
    CHECK_INT(error.attempts(), 2);
    CHECK(error.outcome_unknown());
    CHECK(error.retry_after() == 2s);
    CHECK(error.service_code() == "err.slow");
    CHECK(error.service_value() == "v-1");
    CHECK_HAS(error.what(), "503");
    CHECK_INT(error.attempt_log().size(), 2);
    CHECK(error.attempt_log()[0].status == okdok::status::connection_lost);
    CHECK(error.attempt_log()[1].http_status == 503 && error.attempt_log()[1].waited >= 500ms);
    CHECK(error.elapsed() >= 500ms);
}

TEST(an_error_has_all_fields_of_the_struct_wherever_it_goes)
{
    okdok::options options;
    options.max_attempts = 2;
    const okdok::client client(serve("reset=0 reply=503;retry-after:2;;{\"message\":\"err.slow\",\"value\":\"v-1\"}"), KEY, options);
    std::exception_ptr kept;
    std::thread([&] {
        try {
            client.delete_signature_request("id-1");
        } catch (const okdok::error &) {
            kept = std::current_exception();
        }
    }).join();
    CHECK(kept != nullptr);
    try {
        std::rethrow_exception(kept);
    } catch (const std::runtime_error &caught) {
        check_every_field(caught);
        const auto &error = dynamic_cast<const okdok::error &>(caught);
        okdok::error copy = error, assigned{ okdok_error{} };
        assigned = copy;
        check_every_field(copy);
        check_every_field(assigned);
        const okdok::error moved = std::move(copy);
        check_every_field(moved);
        kept = std::make_exception_ptr(moved);
    }
    try {
        std::rethrow_exception(kept);
    } catch (const okdok::error &error) {
        check_every_field(error);
    }
    try {
        try {
            std::rethrow_exception(kept);
        } catch (...) {
            std::throw_with_nested(std::logic_error("while cleaning up"));
        }
    } catch (const std::logic_error &outer) {
        try {
            std::rethrow_if_nested(outer);
            harness_fail(__FILE__, __LINE__, "nothing is nested");
        } catch (const std::exception &inner) {
            check_every_field(inner);
        }
    }
    try {
        try {
            std::rethrow_exception(kept);
        } catch (const okdok::error &error) {
            std::throw_with_nested(error);
        }
    } catch (const okdok::error &outer) {
        check_every_field(outer);
    }
}

TEST(an_error_tells_an_unknown_outcome)
{
    try {
        okdok::client(serve("delete:reset=0"), KEY, one_attempt()).delete_signature_request("id-1");
        harness_fail(__FILE__, __LINE__, "nothing was thrown");
    } catch (const okdok::error &error) {
        CHECK(error.status() == okdok::status::connection_lost && error.outcome_unknown());
    }
}

TEST(a_client_that_cannot_be_made_throws)
{
    try {
        const okdok::client client("http://okdok.test", KEY);
        harness_fail(__FILE__, __LINE__, "nothing was thrown");
    } catch (const okdok::error &error) {
        CHECK(error.status() == okdok::status::invalid_argument);
        CHECK_INT(error.attempts(), 0);
        CHECK_HAS(error.what(), "in the clear");
    }
}

#endif
