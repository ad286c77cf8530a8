using System;
using System.Collections.Generic;
using System.Collections.ObjectModel;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Linq;
using System.Runtime.Serialization;

namespace Okdok
{
    /// <summary>A signature request was not deleted, the call could not find out whether it was, or a client could not be made.</summary>
    /// <remarks>
    /// Filter by <see cref="Status"/>: <c>catch (OkdokException e) when (e.Status == OkdokStatus.NotFound)</c>. On .NET Framework and Mono, it keeps
    /// all its fields across AppDomains.
    /// </remarks>
    [Serializable]
    public class OkdokException : Exception
    {
        private readonly ReadOnlyCollection<OkdokAttempt> attemptLog = Array.AsReadOnly(Array.Empty<OkdokAttempt>());

        /// <summary>Makes an exception with status <see cref="OkdokStatus.Internal"/> and <see cref="OutcomeUnknown"/> true, since the outcome is not known.</summary>
        public OkdokException()
            : this("okdok failed")
        {
        }

        /// <summary>Makes an exception with status <see cref="OkdokStatus.Internal"/> and <see cref="OutcomeUnknown"/> true, since the outcome is not known.</summary>
        /// <param name="message">What happened.</param>
        public OkdokException(string message)
            : this(OkdokStatus.Internal, message)
        {
        }

        /// <summary>Makes an exception with status <see cref="OkdokStatus.Internal"/> and <see cref="OutcomeUnknown"/> true, since the outcome is not known.</summary>
        /// <param name="message">What happened.</param>
        /// <param name="innerException">Its cause.</param>
        public OkdokException(string message, Exception innerException)
            : base(message, innerException)
        {
            Status = OkdokStatus.Internal;

            // An exception made from a message alone does not say that nothing was deleted.
            OutcomeUnknown = true;
        }

        /// <summary>Makes an exception, for tests of code that uses <see cref="OkdokClient"/>.</summary>
        /// <param name="status">See <see cref="Status"/>.</param>
        /// <param name="message">What happened and what to do.</param>
        /// <param name="httpStatus">See <see cref="HttpStatus"/>.</param>
        /// <param name="attempts">See <see cref="Attempts"/>.</param>
        /// <param name="outcomeUnknown">See <see cref="OutcomeUnknown"/>.</param>
        /// <param name="retryAfter">See <see cref="RetryAfter"/>.</param>
        /// <param name="serviceCode">See <see cref="ServiceCode"/>; not null.</param>
        /// <param name="serviceValue">See <see cref="ServiceValue"/>; not null.</param>
        /// <param name="elapsed">See <see cref="Elapsed"/>.</param>
        /// <param name="attemptLog">See <see cref="AttemptLog"/>; copied; null means empty.</param>
        /// <exception cref="ArgumentNullException"><paramref name="serviceCode"/> or <paramref name="serviceValue"/> is null.</exception>
        public OkdokException(
            OkdokStatus status,
            string message,
            int httpStatus = 0,
            int attempts = 0,
            bool outcomeUnknown = true,
            TimeSpan retryAfter = default,
            string serviceCode = "",
            string serviceValue = "",
            TimeSpan elapsed = default,
            [AllowNull] IEnumerable<OkdokAttempt> attemptLog = null)
            : base(message)
        {
            Status = status;
            HttpStatus = httpStatus;
            Attempts = attempts;
            OutcomeUnknown = outcomeUnknown;
            RetryAfter = retryAfter;
            ServiceCode = serviceCode ?? throw new ArgumentNullException(nameof(serviceCode));
            ServiceValue = serviceValue ?? throw new ArgumentNullException(nameof(serviceValue));
            Elapsed = elapsed;
            if (attemptLog != null)
            {
                this.attemptLog = Array.AsReadOnly(attemptLog.ToArray());
            }
        }

        /// <summary>Makes an exception from what another AppDomain sent.</summary>
        /// <param name="info">Its fields. Not null.</param>
        /// <param name="context">Where it comes from.</param>
#if NET8_0_OR_GREATER
        [Obsolete("Only AppDomains of .NET Framework and Mono need it.", DiagnosticId = "SYSLIB0051")]
#endif
        protected OkdokException(SerializationInfo info, StreamingContext context)
            : base(info, context)
        {
            Status = (OkdokStatus)info.GetInt32(nameof(Status));
            HttpStatus = info.GetInt32(nameof(HttpStatus));
            Attempts = info.GetInt32(nameof(Attempts));
            OutcomeUnknown = info.GetBoolean(nameof(OutcomeUnknown));
            RetryAfter = new TimeSpan(info.GetInt64(nameof(RetryAfter)));
            ServiceCode = info.GetString(nameof(ServiceCode)) ?? "";
            ServiceValue = info.GetString(nameof(ServiceValue)) ?? "";
            Elapsed = new TimeSpan(info.GetInt64(nameof(Elapsed)));
            attemptLog = Array.AsReadOnly(info.GetValue(nameof(AttemptLog), typeof(OkdokAttempt[])) as OkdokAttempt[] ?? Array.Empty<OkdokAttempt>());
        }


        /// <summary>The result of the call. A newer native library may report a number that has no name here.</summary>
        public OkdokStatus Status { get; }

        /// <summary>The HTTP status code of the reported response; 0 if none arrived.</summary>
        public int HttpStatus { get; }

        /// <summary>Attempts started, including retries and those that sent nothing; 0 if the call was refused before the first.</summary>
        public int Attempts { get; }

        /// <summary>True if the service may have deleted the signature request and this call could not find out. If false, this call deleted nothing.</summary>
        public bool OutcomeUnknown { get; }

        /// <summary>The wait that the last response asked for; <see cref="TimeSpan.Zero"/> for none.</summary>
        public TimeSpan RetryAfter { get; }

        /// <summary>The response's <c>message</c>, such as <c>err.signature.request.not.exist</c>; empty if there is none.</summary>
        public string ServiceCode { get; } = "";

        /// <summary>The response's <c>value</c> or <c>result</c>; empty if there is none.</summary>
        public string ServiceValue { get; } = "";

        /// <summary>The duration of the whole call including waits.</summary>
        public TimeSpan Elapsed { get; }

        /// <summary>The newest six attempts, oldest first; empty if the call was refused before the first.</summary>
        public IReadOnlyList<OkdokAttempt> AttemptLog => attemptLog;

        /// <summary>Writes all fields, for another AppDomain.</summary>
        /// <param name="info">Where to write them. Not null.</param>
        /// <param name="context">Where it goes.</param>
#if NET8_0_OR_GREATER
        [Obsolete("Only AppDomains of .NET Framework and Mono need it.", DiagnosticId = "SYSLIB0051")]
#endif
        public override void GetObjectData(SerializationInfo info, StreamingContext context)
        {
            base.GetObjectData(info, context);
            info.AddValue(nameof(Status), (int)Status);
            info.AddValue(nameof(HttpStatus), HttpStatus);
            info.AddValue(nameof(Attempts), Attempts);
            info.AddValue(nameof(OutcomeUnknown), OutcomeUnknown);
            info.AddValue(nameof(RetryAfter), RetryAfter.Ticks);
            info.AddValue(nameof(ServiceCode), ServiceCode);
            info.AddValue(nameof(ServiceValue), ServiceValue);
            info.AddValue(nameof(Elapsed), Elapsed.Ticks);
            info.AddValue(nameof(AttemptLog), attemptLog.ToArray());
        }

        /// <summary>For logs: the text of any exception and, after the message, the status, the HTTP status code, the number of attempts, and whether the outcome is known.</summary>
        /// <returns>Text such as <c>Okdok.OkdokException: … (TimedOut, HTTP 0, attempts: 2, outcome unknown)</c>, then the stack.</returns>
        public override string ToString()
        {
            string text = base.ToString();
            int message = text.IndexOf(Message, StringComparison.Ordinal);
            return text.Insert(message < 0 ? text.Length : message + Message.Length, Facts(Status, HttpStatus, Attempts, OutcomeUnknown));
        }

        internal static string Facts(OkdokStatus status, int httpStatus, int attempts, bool outcomeUnknown) => string.Format(
            CultureInfo.InvariantCulture, " ({0}, HTTP {1}, attempts: {2}, outcome {3})", status, httpStatus, attempts, outcomeUnknown ? "unknown" : "known");
    }
}
