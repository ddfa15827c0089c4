import type { Words } from './words.js';

/** What the pages say in French. */
export const fr: Words = {
  'app.nameless': 'Une application sans nom',

  'consent.title': 'Autoriser cette connexion ?',
  'consent.wants': 'souhaite se connecter à {resource}',
  'consent.again': 'Veuillez confirmer encore une fois, dans ce navigateur.',
  'consent.aside':
    'Vous n’êtes pas à l’origine de cette demande ? Choisissez « Annuler ». Rien n’a encore été transmis.',
  'consent.allow': 'Autoriser',
  'consent.cancel': 'Annuler',

  'client.verified': 'Vérifié : {host}',
  'client.published': 'L’application y est publiée. Elle a choisi son nom elle-même.',
  'client.known': 'Enregistrée par l’exploitant de ce serveur.',
  'client.unverified': 'Non vérifiée',
  'client.claimed': 'L’application a choisi ce nom elle-même. Personne ne l’a vérifié.',
  'client.unnamed': 'L’application n’a pas indiqué son nom. Personne n’a vérifié qui l’a créée.',
  'client.website': 'Elle indique {website} comme site web.',
  'client.mixed': 'Ce nom mélange des lettres de différents alphabets, peut-être pour ressembler à un autre nom.',

  'target.label': 'Si vous acceptez, vous serez dirigé vers',
  'target.loopback': 'une application sur cet ordinateur',
  'target.app': 'l’application qui ouvre les liens {scheme}',
  'target.warning':
    'N’importe quel programme de cet ordinateur peut se faire passer pour cette application. Ne continuez que si vous êtes à l’origine de cette demande.',
  'target.elsewhere': 'Ce site n’est pas {host}. Ne continuez que si vous le connaissez.',
  'target.remote': 'L’application se trouve sur un autre ordinateur : afficher un code que j’y collerai',

  'resource.label': 'Elle souhaite accéder à',
  'permissions.all': 'Elle pourra',
  'permissions.before': 'Elle pourra, comme auparavant',
  'permissions.new': 'Nouveau : elle pourra aussi',
  'permissions.known': 'Elle peut déjà',
  'permissions.plain': 'L’utiliser en votre nom',
  'group.resource': 'Dans {resource}',
  'group.identity': 'À votre sujet',
  'group.offline': 'Rester connectée',
  'scope.openid': 'Savoir que c’est bien vous',
  'scope.profile': 'Voir votre nom, votre nom d’utilisateur, votre photo et votre langue',
  'scope.email': 'Voir votre adresse e-mail',
  'scope.offline_access': 'Rester connectée, sans vous le demander à chaque fois',

  'provider.next': 'Vous vous connecterez ensuite avec {provider}.',
  'provider.asks': 'Ce serveur demande à {provider} : {scopes}.',
  'provider.choose': 'Pour autoriser, choisissez où vous connecter.',
  'provider.continue': 'Continuer avec {provider}',
  'account.as': 'Vous êtes connecté à {provider} en tant que {account}.',
  'account.at': 'Vous êtes connecté à {provider}.',
  'account.switch':
    'Ce n’est pas le bon compte ? Choisissez « Annuler », déconnectez-vous de {provider}, puis recommencez depuis l’application.',

  'connections.title': 'Applications connectées',
  'connections.intro':
    'Voyez quelles applications peuvent agir en votre nom et mettez fin aux accès dont vous ne voulez plus. Connectez-vous d’abord, afin que personne d’autre ne puisse le faire.',
  'connections.list': 'Ces applications ont accès en votre nom.',
  'connections.none': 'Aucune application n’a accès en votre nom.',
  'connections.aside': 'L’accès prend fin aussitôt. Pour le retrouver, l’application devra vous le redemander.',
  'connections.ended': 'L’accès de {app} a pris fin.',
  'connections.reaches': 'Elle accède à',
  'connections.since': 'Connectée depuis le',
  'connections.used': 'Dernière utilisation',
  'connections.can': 'Elle peut',
  'connections.end': 'Mettre fin à l’accès',
  'connections.more': 'Il y en a d’autres. Elles s’afficheront quand vous aurez mis fin à certains de ces accès.',
  'connections.signOut': 'Se déconnecter',

  'refused.title': 'Ce compte n’est pas autorisé à se connecter',
  'refused.as': 'Vous vous êtes connecté à {provider} en tant que {account}.',
  'refused.at': 'Vous vous êtes connecté à {provider}.',
  'refused.resource': 'Ce compte ne peut pas utiliser {resource}.',
  'refused.reason': 'Aucune règle de ce serveur n’admet ce compte.',
  'refused.help': 'Ce que vous pouvez faire',
  'refused.switch':
    'Recommencez depuis l’application et choisissez un autre compte. Il faudra peut-être d’abord vous déconnecter de {provider}.',
  'refused.ask': 'Ou demandez à l’exploitant de ce serveur d’admettre ce compte.',
  'refused.return': 'Retourner à l’application',

  'expired.title': 'Cette page a expiré',
  'expired.message': 'Elle n’était utilisable que quelques minutes, et ce délai est écoulé.',
  'expired.advice': 'Retournez à l’application et recommencez à partir de là.',
  'answered.title': 'Cette demande a déjà reçu une réponse',
  'answered.message': 'Elle a déjà été acceptée ou refusée : il n’y a plus rien à faire sur cette page.',
  'answered.advice': 'Retournez à l’application. Si la connexion n’a pas abouti, recommencez depuis l’application.',
  'otherBrowser.title': 'Ceci a commencé dans un autre navigateur',
  'otherBrowser.message': 'Une connexion ne peut être terminée que dans le navigateur où elle a commencé.',
  'otherBrowser.advice': 'Retournez à ce navigateur, ou recommencez depuis l’application.',
  'unknownClient.title': 'Cette application n’est pas connue ici',
  'unknownClient.message':
    'L’application s’est présentée sous un identifiant que ce serveur ne connaît pas, ou ne connaît plus.',
  'unknownClient.advice':
    'Supprimez cette connexion dans l’application, puis ajoutez-la de nouveau : l’application se présentera à nouveau.',
  'blockedClient.title': 'Cette application est bloquée',
  'blockedClient.message': 'L’exploitant de ce serveur ne permet pas à cette application de se connecter.',
  'blockedClient.advice': 'Si vous avez besoin de cette application, adressez-vous à l’exploitant de ce serveur.',
  'badRedirect.title': 'Cette demande n’est pas digne de confiance',
  'badRedirect.message':
    'L’application a voulu vous envoyer à une adresse qu’elle n’a pas enregistrée ; nous nous sommes donc arrêtés ici.',
  'badRedirect.advice':
    'Retournez à l’application et recommencez à partir de là. Si cela se reproduit, prévenez son éditeur.',
  'badRequest.title': 'Cette demande n’est pas utilisable',
  'badRequest.message': 'Le lien qui vous a amené ici est incomplet, ou a été modifié en chemin.',
  'badRequest.advice': 'Retournez à l’application et recommencez à partir de là.',
  'denied.title': 'L’accès a été refusé',
  'denied.message': 'Vous ne pouvez pas être admis.',
  'denied.advice': 'Retournez à l’application et recommencez à partir de là.',
  'unavailable.title': 'Indisponible pour le moment',
  'unavailable.message':
    'Un service dont ce serveur a besoin ne répond pas, par exemple celui auprès duquel vous vous connectez.',
  'unavailable.advice': 'Patientez un peu, puis recommencez depuis l’application. Rien n’est perdu.',
  'tooMany.title': 'Trop de demandes',
  'tooMany.message': 'Votre réseau a envoyé plus de demandes que ce serveur n’en traite.',
  'tooMany.advice': 'Patientez un peu, puis rechargez cette page. Rien n’est perdu.',
  'fault.title': 'Un problème est survenu',
  'fault.message': 'La faute vient de ce serveur, et non de vous ni de l’application.',
  'fault.advice':
    'Recommencez depuis l’application. Si cela se reproduit, communiquez à l’exploitant l’identifiant de la demande.',
  'signedOut.title': 'Vous êtes déconnecté',
  'signedOut.message':
    'Ce navigateur n’est plus connecté ici. Ce que vous avez autorisé à des applications reste valable.',
  'signedOut.advice': 'Vous pouvez fermer cette fenêtre.',
  'notice.requestId': 'Identifiant de la demande',
  'notice.detail': 'Pour les développeurs de l’application',
  'notice.retry': 'Réessayez dans {time}.',

  'handOff.title': 'Retour à l’application',
  'handOff.message': 'L’application va s’ouvrir. Vous pourrez ensuite fermer cette fenêtre.',
  'handOff.open': 'Ouvrir l’application',
  'handOff.advice': 'Rien ne s’est passé ? Utilisez ce bouton et autorisez votre navigateur à ouvrir l’application.',
  'code.title': 'Reportez ce code dans l’application',
  'code.message': 'Collez-le dans l’application sur l’autre ordinateur. Il est valable {time}.',
  'code.code': 'Code',
  'code.address': 'Adresse complète, pour les applications qui la demandent',
  'code.warning':
    'Ne le collez que dans un programme que vous avez lancé vous-même. Quiconque l’obtient peut utiliser votre compte : ne l’envoyez à personne.',
  'code.open': 'L’application est finalement sur cet ordinateur',

  'link.privacy': 'Confidentialité',
  'link.terms': 'Conditions d’utilisation',
  'link.support': 'Aide',
  'link.list': 'À propos de ce service',
};
