using System;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Okdok
{
    /// <summary>Options of a client. A client copies them when it is made, so later changes affect only later clients. Not thread-safe.</summary>
    /// <remarks>They can be bound from configuration. Write time-outs there as <c>00:00:30</c>: a bare <c>30</c> would mean 30 days, and is refused.</remarks>
    public class OkdokClientOptions
    {
        private TimeSpan timeout = TimeSpan.FromSeconds(30);
        private TimeSpan connectTimeout = TimeSpan.FromSeconds(10);
        private int maxAttempts = 3;
        private string baseUrl = "";
        private string apiKey = "";

        /// <summary>URL of the service: <c>https://…</c>, or <c>http://…</c> for this machine only. Empty or null means not set; default empty.</summary>
        [AllowNull]
#pragma warning disable CA1056 // The library's own check gives a better message.
        public string BaseUrl
#pragma warning restore CA1056
        {
            get => baseUrl;
            set => baseUrl = value ?? "";
        }

        /// <summary>1 to 4096 visible ASCII characters. Empty or null means not set; default empty.</summary>
        [AllowNull]
        public string ApiKey
        {
            get => apiKey;
            set => apiKey = value ?? "";
        }

        /// <summary>Deadline of a whole call including all attempts and waits. Rounded up to milliseconds; less than 10 ms counts as 10 ms; default 30 s.</summary>
        /// <exception cref="ArgumentOutOfRangeException">The value is not above zero, or exceeds one day.</exception>
        public TimeSpan Timeout
        {
            get => timeout;
            set => timeout = InRange(value, nameof(Timeout));
        }

        /// <summary>Time-out of one connection. It covers name resolution, all addresses, the proxy and TLS. At most half of <see cref="Timeout"/> is used. Rounded up to milliseconds; default 10 s.</summary>
        /// <exception cref="ArgumentOutOfRangeException">The value is not above zero, or exceeds one day.</exception>
        public TimeSpan ConnectTimeout
        {
            get => connectTimeout;
            set => connectTimeout = InRange(value, nameof(ConnectTimeout));
        }

        /// <summary>Maximum number of attempts; 1 means no retries; default 3.</summary>
        /// <exception cref="ArgumentOutOfRangeException">The value is below 1.</exception>
        public int MaxAttempts
        {
            get => maxAttempts;
            set => maxAttempts = value >= 1
                ? value
                : throw new ArgumentOutOfRangeException(nameof(MaxAttempts), value, "MaxAttempts must be at least 1");
        }

        /// <summary>File with PEM certificates that are trusted instead of the system's roots. Null or empty means the system's; default null.</summary>
        [AllowNull]
        [MaybeNull]
        public string CaFile { get; set; }

        /// <summary>URL of an <c>http://</c>, <c>https://</c>, <c>socks5://</c> or <c>socks5h://</c> proxy. Empty means no proxy, null the proxy from the environment or the system; default null.</summary>
        [AllowNull]
        [MaybeNull]
        public string Proxy { get; set; }

        /// <summary>Text to put in front of <c>okdok/VERSION</c> in the header <c>user-agent</c>. Null or empty means none; default null.</summary>
        [AllowNull]
        [MaybeNull]
        public string UserAgent { get; set; }

        /// <summary>For logs: base URL, time-outs and attempts. Never contains the key, nor the proxy, which may contain a password.</summary>
        /// <returns>Text such as <c>BaseUrl https://…, ApiKey set, Timeout 00:00:30, ConnectTimeout 00:00:10, MaxAttempts 3</c>.</returns>
        public override string ToString() => string.Format(
            CultureInfo.InvariantCulture,
            "BaseUrl {0}, ApiKey {1}, Timeout {2}, ConnectTimeout {3}, MaxAttempts {4}",
            baseUrl.Length == 0 ? "not set" : baseUrl,
            apiKey.Length == 0 ? "not set" : "set",
            timeout,
            connectTimeout,
            maxAttempts);

        // Rounds up, or half a millisecond would become 0, which means the default.
        internal static uint Milliseconds(TimeSpan value) =>
            (uint)((value.Ticks + TimeSpan.TicksPerMillisecond - 1) / TimeSpan.TicksPerMillisecond);

        private static TimeSpan InRange(TimeSpan value, string name) =>
            value > TimeSpan.Zero && value <= TimeSpan.FromDays(1)
                ? value
                : throw new ArgumentOutOfRangeException(
                    name, value, name + " must be above zero and at most one day; in a configuration, 30 means 30 days: write 00:00:30 for 30 seconds");
    }
}
