using System;
using System.Diagnostics.CodeAnalysis;

namespace Okdok
{
    /// <summary>How a client behaves. Each client copies it when made, so later changes reach only later clients. Not thread-safe.</summary>
    public class OkdokClientOptions
    {
        private TimeSpan timeout = TimeSpan.FromSeconds(30);
        private TimeSpan connectTimeout = TimeSpan.FromSeconds(10);
        private int maxAttempts = 3;
        private string caFile = "";
        private string userAgent = "";

        /// <summary>What one call may take, with all its attempts and waits. Default 30 s; rounded up to a millisecond, and less than 10 ms counts as 10.</summary>
        /// <exception cref="ArgumentOutOfRangeException">The value is not above zero, or exceeds 4294967295 ms.</exception>
        public TimeSpan Timeout
        {
            get => timeout;
            set => timeout = InRange(value);
        }

        /// <summary>For name, all addresses, proxy and TLS of one connection. Default 10 s; at most half of <see cref="Timeout"/> is used; rounded up to a millisecond.</summary>
        /// <exception cref="ArgumentOutOfRangeException">The value is not above zero, or exceeds 4294967295 ms.</exception>
        public TimeSpan ConnectTimeout
        {
            get => connectTimeout;
            set => connectTimeout = InRange(value);
        }

        /// <summary>Attempts of one call. Default 3; 1: never retry.</summary>
        /// <exception cref="ArgumentOutOfRangeException">The value is below 1.</exception>
        public int MaxAttempts
        {
            get => maxAttempts;
            set => maxAttempts = value >= 1
                ? value
                : throw new ArgumentOutOfRangeException(nameof(value), value, "MaxAttempts must be at least 1");
        }

        /// <summary>PEM bundle trusted instead of the system's roots. Default empty: the system's.</summary>
        /// <exception cref="ArgumentNullException">The value is null.</exception>
        public string CaFile
        {
            get => caFile;
            set => caFile = value ?? throw new ArgumentNullException(nameof(value));
        }

        /// <summary>Default null: from the environment or the system. Empty: none. Else an <c>http://</c> or <c>https://</c> URL.</summary>
        [AllowNull]
        [MaybeNull]
        public string Proxy { get; set; }

        /// <summary>Put in front of <c>okdok/VERSION</c>. Default empty: nothing.</summary>
        /// <exception cref="ArgumentNullException">The value is null.</exception>
        public string UserAgent
        {
            get => userAgent;
            set => userAgent = value ?? throw new ArgumentNullException(nameof(value));
        }

        // Up, or half a millisecond would become 0, which means the default.
        internal static uint Milliseconds(TimeSpan value) =>
            (uint)((value.Ticks + TimeSpan.TicksPerMillisecond - 1) / TimeSpan.TicksPerMillisecond);

        private static TimeSpan InRange(TimeSpan value) =>
            value > TimeSpan.Zero && value.Ticks <= uint.MaxValue * TimeSpan.TicksPerMillisecond
                ? value
                : throw new ArgumentOutOfRangeException(nameof(value), value, "a time-out must be above zero and at most 4294967295 ms");
    }
}
