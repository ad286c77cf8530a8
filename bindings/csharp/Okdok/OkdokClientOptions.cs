using System;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Okdok
{
    /// <summary>Where a client's service is and how the client behaves. Each client copies it when made, so later changes reach only later clients. Not thread-safe.</summary>
    /// <remarks>It binds from configuration. There a time-out is written <c>00:00:30</c>: a bare <c>30</c> would be days, and is refused.</remarks>
    public class OkdokClientOptions
    {
        private TimeSpan timeout = TimeSpan.FromSeconds(30);
        private TimeSpan connectTimeout = TimeSpan.FromSeconds(10);
        private int maxAttempts = 3;
        private string baseUrl = "";
        private string apiKey = "";

        /// <summary>The service: <c>https://…</c>, or <c>http://…</c> on this machine only. Default empty, as null: not set.</summary>
        [AllowNull]
#pragma warning disable CA1056 // The library's own check says what is wrong with it.
        public string BaseUrl
#pragma warning restore CA1056
        {
            get => baseUrl;
            set => baseUrl = value ?? "";
        }

        /// <summary>1 to 4096 visible ASCII characters. Default empty, as null: not set.</summary>
        [AllowNull]
        public string ApiKey
        {
            get => apiKey;
            set => apiKey = value ?? "";
        }

        /// <summary>What one call may take, with all its attempts and waits. Default 30 s; rounded up to a millisecond, and less than 10 ms counts as 10.</summary>
        /// <exception cref="ArgumentOutOfRangeException">The value is not above zero, or exceeds one day.</exception>
        public TimeSpan Timeout
        {
            get => timeout;
            set => timeout = InRange(value, nameof(Timeout));
        }

        /// <summary>For name, all addresses, proxy and TLS of one connection. Default 10 s; at most half of <see cref="Timeout"/> is used; rounded up to a millisecond.</summary>
        /// <exception cref="ArgumentOutOfRangeException">The value is not above zero, or exceeds one day.</exception>
        public TimeSpan ConnectTimeout
        {
            get => connectTimeout;
            set => connectTimeout = InRange(value, nameof(ConnectTimeout));
        }

        /// <summary>Attempts of one call. Default 3; 1: never retry.</summary>
        /// <exception cref="ArgumentOutOfRangeException">The value is below 1.</exception>
        public int MaxAttempts
        {
            get => maxAttempts;
            set => maxAttempts = value >= 1
                ? value
                : throw new ArgumentOutOfRangeException(nameof(MaxAttempts), value, "MaxAttempts must be at least 1");
        }

        /// <summary>PEM bundle trusted instead of the system's roots. Default null, as empty: the system's.</summary>
        [AllowNull]
        [MaybeNull]
        public string CaFile { get; set; }

        /// <summary>Default null: from the environment or the system. Empty: none. Else an <c>http://</c>, <c>https://</c>, <c>socks5://</c> or <c>socks5h://</c> URL.</summary>
        [AllowNull]
        [MaybeNull]
        public string Proxy { get; set; }

        /// <summary>Put in front of <c>okdok/VERSION</c>. Default null, as empty: nothing.</summary>
        [AllowNull]
        [MaybeNull]
        public string UserAgent { get; set; }

        /// <summary>For logs: base URL, time-outs and attempts. Never the key, nor the proxy, which may hold a password.</summary>
        /// <returns>Such as <c>BaseUrl https://…, ApiKey set, Timeout 00:00:30, ConnectTimeout 00:00:10, MaxAttempts 3</c>.</returns>
        public override string ToString() => string.Format(
            CultureInfo.InvariantCulture,
            "BaseUrl {0}, ApiKey {1}, Timeout {2}, ConnectTimeout {3}, MaxAttempts {4}",
            baseUrl.Length == 0 ? "not set" : baseUrl,
            apiKey.Length == 0 ? "not set" : "set",
            timeout,
            connectTimeout,
            maxAttempts);

        // Up, or half a millisecond would become 0, which means the default.
        internal static uint Milliseconds(TimeSpan value) =>
            (uint)((value.Ticks + TimeSpan.TicksPerMillisecond - 1) / TimeSpan.TicksPerMillisecond);

        private static TimeSpan InRange(TimeSpan value, string name) =>
            value > TimeSpan.Zero && value <= TimeSpan.FromDays(1)
                ? value
                : throw new ArgumentOutOfRangeException(
                    name, value, name + " must be above zero and at most one day; in a configuration, 30 means 30 days: write 00:00:30 for 30 seconds");
    }
}
