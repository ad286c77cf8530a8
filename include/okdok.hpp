/*
 * okdok: delete an OKdokument signature request, from C++17 and later.
 *
 * Header-only, based on okdok.h. To do without exceptions, use the functions that take a `std::error_code`.
 *
 * All text is UTF-8. Any thread may call any function at any time, except those that change a `client` itself (moving,
 * assigning, destroying it), but not from signal handlers, `DllMain`, or constructors and destructors of libraries.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#ifndef OKDOK_HPP
#define OKDOK_HPP

#include "okdok.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace okdok {

/** The result of a call: the numbers of `OKDOK_STATUS_…`. A newer library may report others. */
enum class status : okdok_status {
  ok = OKDOK_STATUS_OK,
  presumed_deleted = OKDOK_STATUS_PRESUMED_DELETED,
  invalid_argument = OKDOK_STATUS_INVALID_ARGUMENT,
  invalid_client = OKDOK_STATUS_INVALID_CLIENT,
  not_found = OKDOK_STATUS_NOT_FOUND,
  bad_request = OKDOK_STATUS_BAD_REQUEST,
  unauthorized = OKDOK_STATUS_UNAUTHORIZED,
  forbidden = OKDOK_STATUS_FORBIDDEN,
  rate_limited = OKDOK_STATUS_RATE_LIMITED,
  server_error = OKDOK_STATUS_SERVER_ERROR,
  unexpected_response = OKDOK_STATUS_UNEXPECTED_RESPONSE,
  resolve_failed = OKDOK_STATUS_RESOLVE_FAILED,
  connect_failed = OKDOK_STATUS_CONNECT_FAILED,
  tls_failed = OKDOK_STATUS_TLS_FAILED,
  timed_out = OKDOK_STATUS_TIMED_OUT,
  connection_lost = OKDOK_STATUS_CONNECTION_LOST,
  proxy_refused = OKDOK_STATUS_PROXY_REFUSED,
  internal = OKDOK_STATUS_INTERNAL,
  no_resources = OKDOK_STATUS_NO_RESOURCES,
};

/** The name of a status, for logs; static text such as "OKDOK_STATUS_NOT_FOUND". */
inline const char *status_name(status value) noexcept { return okdok_status_name(static_cast<okdok_status>(value)); }

/** The version of the library, static text such as "0.1.0". */
inline const char *version() noexcept { return okdok_version(); }

/** The category of okdok's error codes. Their values are those of `status`. */
inline const std::error_category &category() noexcept {
  class okdok_category final : public std::error_category {
    const char *name() const noexcept override { return "okdok"; }
    std::string message(int value) const override { return okdok_status_name(value); }
  };
  static const okdok_category instance;
  return instance;
}

/** Makes `ec == okdok::status::not_found` work. */
inline std::error_code make_error_code(status value) noexcept { return {static_cast<int>(value), category()}; }

/** Options of a client. The client copies them. */
struct options {
  /** The deadline of a whole call, including all attempts and waits: 1 to 4294967295 ms; less than 10 counts as 10. */
  std::chrono::milliseconds timeout{30'000};
  /**
   * The time-out of one connection: name resolution, all addresses, the proxy and TLS. At most half of `timeout` is
   * used.
   */
  std::chrono::milliseconds connect_timeout{10'000};
  /** The maximum number of attempts, at least 1; 1 means no retries. */
  std::uint32_t max_attempts = 3;
  /** The path of a file with PEM certificates to trust instead of the system's roots. By default, the system's. */
  std::optional<std::string> ca_file{};
  /**
   * The URL of an http://, https://, socks5:// or socks5h:// proxy; "" for none. By default, the one from the
   * environment or the system.
   */
  std::optional<std::string> proxy{};
  /** Text to put in front of "okdok/<version>" in the header `user-agent`. By default, none. */
  std::optional<std::string> user_agent{};
};

/** One attempt of a call. */
struct attempt {
  /** How it ended. */
  okdok::status status;
  /** The HTTP status code of the response; 0 if none arrived. */
  std::int32_t http_status;
  /** The wait before the attempt; 0 for the first. */
  std::chrono::milliseconds waited;
  /** The duration of the attempt. */
  std::chrono::milliseconds elapsed;
};

/** A range of the newest attempts of a call, at most six, oldest first. Copying and constructing one never throws. */
class attempt_log {
public:
  attempt_log() noexcept = default;
  explicit attempt_log(const okdok_error &fields) noexcept
      : size_(std::min<std::size_t>(fields.attempts, std::size(fields.attempt_log))) {
    for (std::size_t i = 0; i < size_; i++) {
      const okdok_attempt &entry = fields.attempt_log[i];
      attempts_[i] = {okdok::status{entry.status}, entry.http_status, std::chrono::milliseconds{entry.waited_ms},
                      std::chrono::milliseconds{entry.elapsed_ms}};
    }
  }

  const attempt *begin() const noexcept { return attempts_.data(); }
  const attempt *end() const noexcept { return begin() + size_; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  /** `index` must be below `size()`. */
  const attempt &operator[](std::size_t index) const noexcept { return attempts_[index]; }

private:
  std::array<attempt, std::extent_v<decltype(okdok_error::attempt_log)>> attempts_{};
  std::size_t size_ = 0;
};

/** A signature request that is gone. */
struct deletion {
  /**
   * The service said "does not exist", but an earlier attempt of this call may have deleted it. The id or the host may
   * also be wrong.
   */
  bool presumed;
  /** Attempts started, including retries. */
  std::uint32_t attempts;
  /** The HTTP status code of the last response. */
  std::int32_t http_status;
  /** The duration of the whole call, including waits. */
  std::chrono::milliseconds elapsed;
  /** What happened in each attempt. */
  okdok::attempt_log attempt_log;
};

/**
 * A signature request was not deleted, or a client could not be made. `what()` says what happened and what to do.
 *
 * Every copy has all fields, including a nested exception and one in a `std::exception_ptr`.
 */
class error : public std::runtime_error {
public:
  explicit error(const okdok_error &fields) : std::runtime_error(fields.message), fields_(fields) {}

  /** The result of the call. */
  okdok::status status() const noexcept { return okdok::status{fields_.status}; }
  /** The HTTP status code of the reported response; 0 if none arrived. */
  std::int32_t http_status() const noexcept { return fields_.http_status; }
  /** Attempts started, including retries and those that sent nothing; 0 if the call was refused before the first. */
  std::uint32_t attempts() const noexcept { return fields_.attempts; }
  /** True if the service may have deleted it and this call could not find out. False if this call deleted nothing. */
  bool outcome_unknown() const noexcept { return fields_.outcome_unknown != 0; }
  /** The wait that the last response asked for; 0 for none. */
  std::chrono::milliseconds retry_after() const noexcept { return std::chrono::milliseconds{fields_.retry_after_ms}; }
  /** The response's `message`, such as `err.signature.request.not.exist`, or "". Valid as long as this error. */
  std::string_view service_code() const noexcept { return fields_.service_code; }
  /** The response's `value` or `result`, or "". Valid as long as this error. */
  std::string_view service_value() const noexcept { return fields_.service_value; }
  /** The duration of the whole call, including waits. */
  std::chrono::milliseconds elapsed() const noexcept { return std::chrono::milliseconds{fields_.elapsed_ms}; }
  /** What happened in each attempt. */
  okdok::attempt_log attempt_log() const noexcept { return okdok::attempt_log(fields_); }

private:
  // The C struct itself: copying an exception must not throw.
  okdok_error fields_;
};

/** Text for a parameter: a `const char *`, which may be NULL if the function allows that, or a `std::string`. */
class text {
public:
  text(const char *data) noexcept : data_(data) {}
  text(const std::string &string) noexcept : data_(string.c_str()), has_nul_(string.find('\0') != std::string::npos) {}
  text(const std::optional<std::string> &string) noexcept : text(string ? text(*string) : text(nullptr)) {}

  const char *data() const noexcept { return data_; }
  /** Whether the text contains a NUL, at which C would cut it. */
  bool has_nul() const noexcept { return has_nul_; }

private:
  const char *data_;
  bool has_nul_ = false;
};

/**
 * A client: base URL, API key and options. Move-only. Many threads may use one at the same time, also after a `fork`, in
 * the parent and in the child.
 *
 * Clients are cheap: those with equal options share connections and one background thread. Destroying one never waits.
 * Calls on a client that was moved from, or could not be made, return `invalid_client`.
 */
class client {
public:
  /**
   * Makes a client. Sends nothing.
   *
   * @param base_url  https://, or http:// for this machine only. NULL means https://apidev.okdokument.com, which is the
   *                  development host and hardly the one to use in production.
   * @param api_key   1 to 4096 visible ASCII characters.
   * @param opts      `{}` for all defaults.
   * @param ec        cleared on success, otherwise set to `invalid_argument`, `tls_failed` (the system has no roots to
   *                  trust), `no_resources` or `internal`.
   * @param details   where to write everything that the call reports, or NULL.
   */
  client(text base_url, text api_key, const okdok::options &opts, std::error_code &ec,
         okdok_error *details = nullptr) noexcept {
    okdok_error local;
    okdok_error &out = details != nullptr ? *details : local;
    handle_.reset(make(base_url, api_key, opts, out));
    set(ec, handle_ != nullptr, out);
  }

  /**
   * Deletes a signature request. Blocks for at most the time-out plus 250 ms.
   *
   * @param id       the id that Create signature request returned, 1 to 256 bytes; not NULL.
   * @param ec       cleared if the signature request is gone; set if it was not deleted, or may not have been.
   *                 `presumed_deleted` is not an error.
   * @param details  where to write everything that the call reports, especially `outcome_unknown`, or NULL.
   * @return the result of the call.
   */
  okdok::status delete_signature_request(text id, std::error_code &ec, okdok_error *details = nullptr) const noexcept {
    okdok_error local;
    okdok_error &out = details != nullptr ? *details : local;
    set(ec, call(id, out), out);
    return okdok::status{out.status};
  }

#ifdef __cpp_exceptions
  /** Makes a client. Sends nothing. @throws error if there is no client. */
  client(text base_url, text api_key, const okdok::options &opts = {}) {
    okdok_error out;
    handle_.reset(make(base_url, api_key, opts, out));
    if (handle_ == nullptr) throw error(out);
  }

  /** Deletes a signature request. @throws error if it was not deleted; with `outcome_unknown()`, it may have been. */
  deletion delete_signature_request(text id) const {
    okdok_error out;
    if (!call(id, out)) throw error(out);
    return {out.status == OKDOK_STATUS_PRESUMED_DELETED, out.attempts, out.http_status,
            std::chrono::milliseconds{out.elapsed_ms}, attempt_log(out)};
  }
#endif

private:
  struct release {
    void operator()(okdok_client *handle) const noexcept { okdok_free(handle); }
  };
  std::unique_ptr<okdok_client, release> handle_;

  static okdok_client *make(text base_url, text api_key, const okdok::options &opts, okdok_error &out) noexcept {
    const text ca_file(opts.ca_file), proxy(opts.proxy), user_agent(opts.user_agent);
    const char *wrong = base_url.has_nul()                ? "base_url contains a NUL"
                        : api_key.has_nul()               ? "api_key contains a NUL"
                        : ca_file.has_nul()               ? "options.ca_file contains a NUL"
                        : proxy.has_nul()                 ? "options.proxy contains a NUL"
                        : user_agent.has_nul()            ? "options.user_agent contains a NUL"
                        : !in_range(opts.timeout)         ? "options.timeout must be 1 to 4294967295 ms"
                        : !in_range(opts.connect_timeout) ? "options.connect_timeout must be 1 to 4294967295 ms"
                        : opts.max_attempts == 0          ? "options.max_attempts must be at least 1"
                                                          : nullptr;
    if (wrong != nullptr) {
      refuse(wrong, out);
      return nullptr;
    }
    okdok_options c = OKDOK_OPTIONS_INIT;
    c.timeout_ms = static_cast<std::uint32_t>(opts.timeout.count());
    c.connect_timeout_ms = static_cast<std::uint32_t>(opts.connect_timeout.count());
    c.max_attempts = opts.max_attempts;
    c.ca_file = ca_file.data();
    c.proxy = proxy.data();
    c.user_agent = user_agent.data();
    return okdok_client_new(base_url.data(), api_key.data(), &c, nullptr, &out);
  }

  bool call(text id, okdok_error &out) const noexcept {
    // If C cut it at the NUL, it could be the id of another signature request.
    if (id.has_nul()) {
      refuse("signature_request_id contains a NUL", out);
      return false;
    }
    return okdok_delete_signature_request(handle_.get(), id.data(), nullptr, &out);
  }

  static bool in_range(std::chrono::milliseconds value) noexcept {
    return value.count() >= 1 && value.count() <= std::numeric_limits<std::uint32_t>::max();
  }

  static void refuse(const char *message, okdok_error &out) noexcept {
    out = okdok_error{};
    out.status = OKDOK_STATUS_INVALID_ARGUMENT;
    std::snprintf(out.message, sizeof out.message, "%s", message);
  }

  static void set(std::error_code &ec, bool good, const okdok_error &out) noexcept {
    // The bool decides: a newer library may have more statuses that are not errors.
    if (good) ec.clear();
    else ec = make_error_code(okdok::status{out.status});
  }
};

} // namespace okdok

template <> struct std::is_error_code_enum<okdok::status> : std::true_type {};

#endif /* OKDOK_HPP */
