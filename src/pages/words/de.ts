import type { Words } from './words.js';

/** What the pages say in German. */
export const de: Words = {
  'app.nameless': 'Eine App ohne Namen',

  'consent.title': 'Diese Verbindung erlauben?',
  'consent.wants': 'möchte sich mit {resource} verbinden',
  'consent.again': 'Bitte bestätigen Sie noch einmal, in diesem Browser.',
  'consent.aside': 'Sie haben das nicht begonnen? Dann wählen Sie „Abbrechen“. Bisher wurde nichts weitergegeben.',
  'consent.allow': 'Erlauben',
  'consent.cancel': 'Abbrechen',

  'client.verified': 'Geprüft: {host}',
  'client.published': 'Die App ist dort veröffentlicht. Ihren Namen hat sie selbst gewählt.',
  'client.known': 'Vom Betreiber dieses Servers eingetragen.',
  'client.unverified': 'Nicht geprüft',
  'client.claimed': 'Die App hat diesen Namen selbst gewählt. Niemand hat ihn geprüft.',
  'client.unnamed': 'Die App hat nicht angegeben, wie sie heißt. Niemand hat geprüft, von wem sie stammt.',
  'client.website': 'Als ihre Website gibt sie {website} an.',
  'client.mixed': 'Der Name mischt Buchstaben verschiedener Alphabete, vielleicht um einem anderen Namen zu gleichen.',

  'target.label': 'Wenn Sie zustimmen, geht es weiter zu',
  'target.loopback': 'einer App auf diesem Computer',
  'target.app': 'der App, die {scheme}-Links öffnet',
  'target.warning':
    'Jedes Programm auf diesem Computer kann sich als diese App ausgeben. Fahren Sie nur fort, wenn Sie das selbst begonnen haben.',
  'target.elsewhere': 'Das ist eine andere Website als {host}. Fahren Sie nur fort, wenn Sie sie kennen.',
  'target.remote': 'Die App läuft auf einem anderen Computer: einen Code anzeigen, den ich dort einfüge',

  'resource.label': 'Sie möchte zugreifen auf',
  'permissions.all': 'Sie kann dann',
  'permissions.before': 'Sie kann dann, wie bisher',
  'permissions.new': 'Neu: Sie kann dann auch',
  'permissions.known': 'Sie kann bereits',
  'permissions.plain': 'In Ihrem Namen damit arbeiten',
  'group.resource': 'In {resource}',
  'group.identity': 'Über Sie',
  'group.offline': 'Verbunden bleiben',
  'scope.openid': 'Erkennen, dass Sie es sind',
  'scope.profile': 'Ihren Namen, Benutzernamen, Ihr Bild und Ihre Sprache sehen',
  'scope.email': 'Ihre E-Mail-Adresse sehen',
  'scope.offline_access': 'Verbunden bleiben, ohne Sie jedes Mal zu fragen',

  'provider.next': 'Als Nächstes melden Sie sich mit {provider} an.',
  'provider.asks': 'Dieser Server bittet {provider} um {scopes}.',
  'provider.choose': 'Um zuzustimmen, wählen Sie, wo Sie sich anmelden.',
  'provider.continue': 'Weiter mit {provider}',
  'account.as': 'Sie sind bei {provider} als {account} angemeldet.',
  'account.at': 'Sie sind bei {provider} angemeldet.',
  'account.switch':
    'Nicht das richtige Konto? Wählen Sie „Abbrechen“, melden Sie sich bei {provider} ab und beginnen Sie in der App von vorn.',

  'refused.title': 'Dieses Konto darf sich nicht anmelden',
  'refused.as': 'Sie haben sich bei {provider} als {account} angemeldet.',
  'refused.at': 'Sie haben sich bei {provider} angemeldet.',
  'refused.resource': 'Dieses Konto darf {resource} nicht verwenden.',
  'refused.reason': 'Keine Regel dieses Servers lässt dieses Konto zu.',
  'refused.help': 'Was Sie tun können',
  'refused.switch':
    'Beginnen Sie in der App von vorn und wählen Sie ein anderes Konto. Vielleicht müssen Sie sich vorher bei {provider} abmelden.',
  'refused.ask': 'Oder bitten Sie den Betreiber dieses Servers, das Konto zuzulassen.',
  'refused.return': 'Zurück zur App',

  'expired.title': 'Diese Seite ist abgelaufen',
  'expired.message': 'Sie ließ sich nur wenige Minuten lang verwenden, und diese Zeit ist vorbei.',
  'expired.advice': 'Gehen Sie zurück zur App und beginnen Sie dort von vorn.',
  'answered.title': 'Diese Anfrage ist bereits beantwortet',
  'answered.message': 'Sie wurde schon erlaubt oder abgelehnt. Auf dieser Seite ist nichts mehr zu tun.',
  'answered.advice': 'Gehen Sie zurück zur App. Hat sie sich nicht fertig verbunden, beginnen Sie in der App von vorn.',
  'otherBrowser.title': 'Das wurde in einem anderen Browser begonnen',
  'otherBrowser.message': 'Eine Anmeldung lässt sich nur in dem Browser abschließen, in dem sie begonnen wurde.',
  'otherBrowser.advice': 'Gehen Sie zu jenem Browser zurück, oder beginnen Sie in der App von vorn.',
  'unknownClient.title': 'Diese App ist hier nicht bekannt',
  'unknownClient.message':
    'Die App hat sich mit einer Kennung gemeldet, die dieser Server nicht oder nicht mehr kennt.',
  'unknownClient.advice':
    'Entfernen Sie die Verbindung in der App und fügen Sie sie neu hinzu: Die App stellt sich dann neu vor.',
  'blockedClient.title': 'Diese App ist gesperrt',
  'blockedClient.message': 'Der Betreiber dieses Servers lässt diese App nicht zu.',
  'blockedClient.advice': 'Wenn Sie diese App brauchen, wenden Sie sich an den Betreiber dieses Servers.',
  'badRedirect.title': 'Dieser Anfrage ist nicht zu trauen',
  'badRedirect.message':
    'Die App wollte Sie zu einer Adresse schicken, die sie nicht angemeldet hat. Deshalb geht es hier nicht weiter.',
  'badRedirect.advice':
    'Gehen Sie zurück zur App und beginnen Sie dort von vorn. Kommt das wieder vor, sagen Sie es ihrem Hersteller.',
  'badRequest.title': 'Diese Anfrage ist nicht verwendbar',
  'badRequest.message': 'Der Link, der Sie hergeführt hat, ist unvollständig oder wurde unterwegs verändert.',
  'badRequest.advice': 'Gehen Sie zurück zur App und beginnen Sie dort von vorn.',
  'denied.title': 'Der Zugriff wurde verweigert',
  'denied.message': 'Sie können nicht eingelassen werden.',
  'denied.advice': 'Gehen Sie zurück zur App und beginnen Sie dort von vorn.',
  'unavailable.title': 'Gerade nicht erreichbar',
  'unavailable.message':
    'Etwas, das dieser Server braucht, antwortet nicht, etwa die Stelle, bei der Sie sich anmelden.',
  'unavailable.advice': 'Warten Sie ein wenig und beginnen Sie dann in der App von vorn. Es geht nichts verloren.',
  'tooMany.title': 'Zu viele Anfragen',
  'tooMany.message': 'Aus Ihrem Netz kamen mehr Anfragen, als dieser Server beantwortet.',
  'tooMany.advice': 'Warten Sie ein wenig und laden Sie dann diese Seite neu. Es geht nichts verloren.',
  'fault.title': 'Hier ist etwas schiefgegangen',
  'fault.message': 'Der Fehler liegt bei diesem Server, weder bei Ihnen noch bei der App.',
  'fault.advice':
    'Beginnen Sie in der App von vorn. Kommt das wieder vor, nennen Sie dem Betreiber die Kennung der Anfrage.',
  'signedOut.title': 'Sie sind abgemeldet',
  'signedOut.message': 'Dieser Browser ist hier nicht mehr angemeldet. Was Sie Apps erlaubt haben, gilt weiterhin.',
  'signedOut.advice': 'Sie können dieses Fenster schließen.',
  'notice.requestId': 'Kennung der Anfrage',
  'notice.detail': 'Für die Entwickler der App',
  'notice.retry': 'Versuchen Sie es in {time} noch einmal.',

  'handOff.title': 'Zurück zur App',
  'handOff.message': 'Die App öffnet sich jetzt. Danach können Sie dieses Fenster schließen.',
  'handOff.open': 'App öffnen',
  'handOff.advice':
    'Ist nichts geschehen? Dann verwenden Sie diese Schaltfläche und erlauben Sie Ihrem Browser, die App zu öffnen.',
  'code.title': 'Diesen Code in die App übertragen',
  'code.message': 'Fügen Sie ihn in die App auf dem anderen Computer ein. Er gilt {time} lang.',
  'code.code': 'Code',
  'code.address': 'Ganze Adresse, für Apps, die danach fragen',
  'code.warning':
    'Fügen Sie ihn nur in ein Programm ein, das Sie selbst gestartet haben. Wer ihn bekommt, kann Ihr Konto verwenden: Geben Sie ihn niemandem.',
  'code.open': 'Die App ist doch auf diesem Computer',

  'link.privacy': 'Datenschutz',
  'link.terms': 'Nutzungsbedingungen',
  'link.support': 'Hilfe',
  'link.list': 'Über diesen Dienst',
};
